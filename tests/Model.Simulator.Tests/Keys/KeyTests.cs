using System.Net;
using System.Net.Http.Json;

namespace AspireAgent.Simulator.Tests.Keys;

public sealed class KeyTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    [Theory]
    [InlineData("/v1/models")]
    [InlineData("/faulty/empty/v1/models")]
    [InlineData("/tools/clock")]
    public async Task Key_Wrong_IsRefused(string path) => Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync("wrong", path));

    [Fact]
    public async Task Keys_ChangedWhileItRuns_TheOldOneIsRevokedAndTheLogSaysWhichWasUsed()
    {
        using (var second = simulator.WithKey("second"))
        {
            (await second.PostAsJsonAsync("/v1/chat/completions", RunningSimulator.Request("sim-small", "Which key?"))).EnsureSuccessStatusCode();
        }

        var logged = await simulator.LoggedAsync("Which key?", "completed");
        Assert.Equal((1, "/v1/chat/completions"), ((int)logged["key"]!, (string)logged["path"]!));

        await ReplaceAsync("new");
        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.OK], [await StatusAsync("first"), await StatusAsync("new")]);

        await ReplaceAsync("first", "second");
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.Unauthorized], [await StatusAsync("first"), await StatusAsync("new")]);
    }

    [Fact]
    public async Task Keys_EmptyOne_IsRefused()
    {
        using var response = await simulator.Client.PutAsJsonAsync("/admin/keys", (string[])["a", ""]);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    private async Task ReplaceAsync(params string[] keys) =>
        (await simulator.Client.PutAsJsonAsync("/admin/keys", keys)).EnsureSuccessStatusCode();

    private async Task<HttpStatusCode> StatusAsync(string key, string path = "/v1/models")
    {
        using var client = simulator.WithKey(key);
        using var response = await client.GetAsync(path);
        return response.StatusCode;
    }
}
