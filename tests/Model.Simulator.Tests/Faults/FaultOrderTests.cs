using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace AspireAgent.Simulator.Tests.Faults;

/// <summary>The ways in which a fault is asked for.</summary>
public sealed class FaultOrderTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    [Fact]
    public async Task Status_Ordered_IsAnsweredWithRetryAfterAsOftenAsOrdered()
    {
        await simulator.OrderAsync(new JsonObject { ["status"] = 429, ["retryAfter"] = 2, ["count"] = 1, ["model"] = "sim-small" });

        var refused = await AskAsync("hello");
        var answered = await AskAsync("hello");

        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromSeconds(2)), (refused.Status, refused.RetryAfter));
        Assert.Equal(HttpStatusCode.OK, answered.Status);
    }

    [Fact]
    public async Task Address_HasTheFault_AndAHeaderIsNearer()
    {
        var request = RunningSimulator.Request("sim-small", "By address");

        var byAddress = await simulator.AskAsync(request, stream: true, prefix: "/faulty/end%3D2;no-usage");
        var byHeader = await simulator.AskAsync(request, stream: true, fault: "end=1", prefix: "/faulty/end=2");

        Assert.Equal((2, 1), (byAddress.Tokens.Count, byHeader.Tokens.Count));
        await simulator.LoggedAsync(entry => (string)entry["path"]! == "/faulty/end=2;no-usage/v1/chat/completions");
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("cut=x")]
    [InlineData("cut")]
    [InlineData("empty=1")]
    [InlineData("status=99")]
    [InlineData("delay=99999999999")]
    public async Task Fault_Unknown_IsRefusedHoweverItComes(string fault)
    {
        Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync("hello", fault)).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await simulator.AskAsync(RunningSimulator.Request("sim-small", "hello"), prefix: $"/faulty/{fault}")).Status);
        using var models = await simulator.Client.GetAsync($"/faulty/{fault}/v1/models");
        Assert.Equal(HttpStatusCode.BadRequest, models.StatusCode);
    }

    [Fact]
    public async Task Order_OutOfBounds_IsRefused()
    {
        using var response = await simulator.Client.PostAsJsonAsync("/admin/faults", new { delay = -5 });

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private Task<Reply> AskAsync(string text, string? fault = null) =>
        simulator.AskAsync(RunningSimulator.Request("sim-small", text), fault: fault);
}
