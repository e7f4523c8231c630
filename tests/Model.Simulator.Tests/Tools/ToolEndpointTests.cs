using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace AspireAgent.Simulator.Tests.Tools;

public sealed class ToolEndpointTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    [Fact]
    public async Task Tool_Called_AnswersAndIsLogged()
    {
        var answer = (await simulator.Client.GetFromJsonAsync<JsonObject>("/tools/weather?delay=10"))!;

        Assert.Equal("weather", (string)answer["tool"]!);
        Assert.NotNull(answer["result"]);
        var logged = await LoggedAsync("weather", "completed");
        Assert.NotNull(logged["endedAt"]);
        Assert.Equal((0, "/tools/weather"), ((int)logged["key"]!, (string)logged["path"]!));
    }

    [Fact]
    public async Task Tool_WithAStatus_HasFailed()
    {
        using var response = await simulator.Client.GetAsync("/tools/broken?status=503");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
        await LoggedAsync("broken", "faulted");
    }

    [Fact]
    public async Task Tool_CallerLeaves_IsCancelled()
    {
        using var leaving = new CancellationTokenSource();
        var call = simulator.Client.GetAsync("/tools/slow?delay=600000", leaving.Token);
        await LoggedAsync("slow", "running");

        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.NotNull((await LoggedAsync("slow", "cancelled"))["cancelledAt"]);
    }

    [Theory]
    [InlineData("delay=-1")]
    [InlineData("delay=x")]
    [InlineData("status=42")]
    public async Task Tool_OutOfBounds_IsRefused(string query)
    {
        using var response = await simulator.Client.GetAsync($"/tools/clock?{query}");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private Task<JsonObject> LoggedAsync(string tool, string state) => simulator.LoggedAsync(
        entry => (string)entry["model"]! == $"tool:{tool}" && (string)entry["state"]! == state);
}
