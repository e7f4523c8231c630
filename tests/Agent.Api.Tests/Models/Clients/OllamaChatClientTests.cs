using System.Net;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Clients;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Models.Clients;

public class OllamaChatClientTests
{
    [Fact]
    public async Task Stream_ToItsEnd_TellsUsageAndFinish()
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, ModelKind.Ollama);

        var calling = route.Client.GetStreamingResponseAsync("Say it.").ToChatResponseAsync();
        var call = await vendor.NextAsync();
        await call.SayAsync("Hello");
        await call.FinishAsync();
        var answer = await calling;

        Assert.Equal("Hello", answer.Text);
        Assert.Equal(ChatFinishReason.Stop, answer.FinishReason);
        Assert.Equal((3, 2), (answer.Usage!.InputTokenCount, answer.Usage.OutputTokenCount));
    }

    [Fact]
    public async Task Stream_WithAnError_FailsWithoutTheVendorsWords()
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, ModelKind.Ollama);

        var calling = route.CallAsync();
        var call = await vendor.NextAsync();
        await call.SayAsync("Hel");
        await call.SendAsync(new JsonObject { ["error"] = "the runner of key-1 died" });

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => calling);
        Assert.DoesNotContain("key-1", error.Message);
    }

    [Theory]
    [InlineData(400, null)]
    [InlineData(401, null)]
    [InlineData(429, "7")]
    [InlineData(503, null)]
    public async Task Call_Refused_TellsTheStatusAndWhenToComeBack(int status, string? retryAfter)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, ModelKind.Ollama);
        foreach (var streamed in new[] { true, false })
        {
            var calling = route.CallAsync(streamed);
            await (await vendor.NextAsync()).RefuseAsync(status, retryAfter, """{"error":"key-1 is not welcome"}""");

            var error = await Assert.ThrowsAsync<RouteRefusedException>(() => calling);
            Assert.Equal((HttpStatusCode)status, error.StatusCode);
            Assert.Equal(retryAfter, error.RetryAfter?.ToString());
            Assert.DoesNotContain("key-1", error.ToString());
        }
    }
}
