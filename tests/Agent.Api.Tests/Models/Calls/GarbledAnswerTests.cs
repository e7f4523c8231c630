using AspireAgent.Agent.Tests.Models.Clients;
using AspireAgent.Agent.Tests.Models.Plans;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Agent.Tests.Models.Calls;

/// <summary>Endpoints that answer with 200 and something else than the protocol says, by the real clients.</summary>
public sealed class GarbledAnswerTests
{
    [Theory]
    [InlineData("{\"choices\":{}}", "garbled")]
    [InlineData("{\"choices\":[{\"index\":0,\"delta\":\"hello\"}]}", "garbled")]
    [InlineData("{\"choices\":[5]}", "garbled")]
    [InlineData("{\"choices\":[{\"index\":0,\"delta\":{\"content\":5}}]}", "empty")]
    [InlineData("{\"choices\":[{\"index\":0,\"delta\":{\"role\":\"nobody\",\"content\":\"hello\"}}]}", "garbled")]
    [InlineData("{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"},\"finish_reason\":\"eos\"}]}", "garbled")]
    [InlineData("{\"choices\":[],\"usage\":{\"prompt_tokens\":1e30}}", "garbled")]
    [InlineData("{\"choices\":[{\"index\":\"no\",\"delta\":{\"content\":\"hello\"}}]}", "garbled")]
    [InlineData("[]", "garbled")]
    [InlineData("5", "garbled")]
    [InlineData("{\"choi", "garbled")]
    [InlineData("{\"error\":{\"message\":\"overloaded\"}}", "empty")]
    [InlineData("{}", "empty")]
    public async Task OpenAi_ChunkOfAnotherShape_IsGarbled(string chunk, string slug)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var client = RouteHarness.For(vendor);
        using var route = new PlanHarness(new ResilienceKnobs { Retries = 0 }, ["a"], a => a with { Client = client.Client });
        var told = route.Speak(route.Caller("a"));
        var call = await vendor.NextAsync();
        await call.SendAsync(chunk);
        call.End();

        Assert.Equal([$"a: {slug}"], await told.AllAsync());
    }
}
