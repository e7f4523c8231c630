using System.Text.Json.Nodes;
using AspireAgent.Agent.Models;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Models.Clients;

public class PrefillChatClientTests
{
    private static readonly ChatMessage User = new(ChatRole.User, "Say it.");
    private static readonly ChatMessage Begun = new(ChatRole.Assistant, "Hel");

    [Theory]
    [InlineData(Prefill.None, """{"role":"assistant","content":"Hel"}""", null)]
    [InlineData(Prefill.LastAssistant, """{"role":"assistant","content":"Hel"}""", null)]
    [InlineData(Prefill.PrefixFlag, """{"role":"assistant","content":"Hel","prefix":true}""", null)]
    [InlineData(Prefill.ContinueFinalMessage, """{"role":"assistant","content":"Hel"}""", true)]
    public async Task Call_ThatGoesOnFromAnAnswer_SaysSoAsTheVendorWantsIt(Prefill prefill, string last, bool? continues)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, prefill: prefill);
        foreach (var streamed in new[] { true, false })
        {
            var body = await CallAsync(vendor, route, streamed, User, Begun);

            var messages = body["messages"]!.AsArray();
            Assert.Equal(2, messages.Count);
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(last), messages[1]), messages[1]!.ToJsonString());
            Assert.Equal(continues, body["continue_final_message"]?.GetValue<bool>());
            Assert.Equal(!continues, body["add_generation_prompt"]?.GetValue<bool>());
            Assert.Equal(streamed, body["stream"]?.GetValue<bool>() is true);
        }
    }

    [Theory]
    [InlineData(Prefill.PrefixFlag)]
    [InlineData(Prefill.ContinueFinalMessage)]
    public async Task Call_ThatBeginsAnAnswer_SaysNothingOfIt(Prefill prefill)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, prefill: prefill);

        var body = await CallAsync(vendor, route, streamed: true, User, Begun, User);

        Assert.DoesNotContain("prefix", body.ToJsonString());
        Assert.DoesNotContain("continue_final_message", body.ToJsonString());
    }

    [Fact]
    public async Task Call_WithOptions_KeepsThemBesideTheMark()
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, prefill: Prefill.ContinueFinalMessage);
        var options = new ChatOptions { Temperature = 0.5f, Tools = [AIFunctionFactory.Create(() => 1, "one")] };

        var calling = route.Client.GetStreamingResponseAsync([User, Begun], options).ToChatResponseAsync();
        var call = await vendor.NextAsync();
        await call.FinishAsync();
        await calling;

        Assert.Equal(0.5, call.Body["temperature"]!.GetValue<double>());
        Assert.Equal("one", call.Body["tools"]![0]!["function"]!["name"]!.GetValue<string>());
        Assert.True(call.Body["continue_final_message"]!.GetValue<bool>());
        Assert.Null(options.RawRepresentationFactory);
    }

    private static async Task<JsonObject> CallAsync(Vendor vendor, RouteHarness route, bool streamed, params ChatMessage[] messages)
    {
        var calling = route.CallAsync(streamed, messages);
        var call = await vendor.NextAsync();
        await call.SayAsync("lo");
        await call.FinishAsync();
        Assert.Equal("lo", await calling);
        return call.Body;
    }
}
