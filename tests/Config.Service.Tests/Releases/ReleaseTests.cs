using System.Net;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Config.Tests.Releases;

public sealed class ReleaseTests : IAsyncLifetime
{
    private const string Terse = """{"patch":{"systemPrompt":"Be terse."},"percent":5}""";

    private ConfigSystem _system = null!;
    private ConfigClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _system = await ConfigSystem.StartAsync(RedisKind.Server);
        _client = _system.Client();
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _system.DisposeAsync();
    }

    [Fact]
    public async Task Steps_OfARelease_GoToOneOfItsEnds()
    {
        await DescribeAsync("terse", Terse);
        Assert.Equal("paused", await StateAsync("terse"));
        await StepAsync("terse/start", HttpStatusCode.OK);
        await StepAsync("terse/start", HttpStatusCode.OK); // once more is no change
        Assert.Equal(("running", 2L), (await StateAsync("terse"), (await _client.ReadAsync("releases/terse")).Revision));
        await StepAsync("terse/pause", HttpStatusCode.OK);
        await StepAsync("terse/start", HttpStatusCode.OK);
        await StepAsync("terse/rollback", HttpStatusCode.OK);
        Assert.Equal("rolled-back", await StateAsync("terse"));
        await StepAsync("terse/start", HttpStatusCode.Conflict);
        await StepAsync("terse/promote", HttpStatusCode.Conflict);
        using var change = await _client.PutAsync("releases/terse", Terse, 5);
        await ConfigClient.ProblemAsync(change, HttpStatusCode.Conflict);
        await StepAsync("unknown/start", HttpStatusCode.NotFound);
        Assert.Equal(
            ["rollback", "start", "pause", "start", "describe"],
            (await _client.GetAsync<JsonArray>("audit")).Select(entry => (string)entry!["action"]!));
    }

    [Fact]
    public async Task Promote_MakesThePatchPartOfTheGlobalLayerInOneWrite()
    {
        await _client.WriteAsync("layers/global", """{"systemPrompt":"Old.","temperature":0.5}""");
        await DescribeAsync("terse", """{"patch":{"systemPrompt":"Be terse.","temperature":null},"percent":5}""");
        await StepAsync("terse/start", HttpStatusCode.OK);
        var before = (long)(await _client.GetAsync<JsonObject>("layers"))["revision"]!;

        await StepAsync("terse/promote", HttpStatusCode.OK);

        Assert.Equal(before + 1, (long)(await _client.GetAsync<JsonObject>("layers"))["revision"]!);
        var (revision, global) = await _client.ReadAsync("layers/global");
        Assert.Equal((2L, """{"systemPrompt":"Be terse."}"""), (revision, global.ToJsonString()));
        Assert.Equal("promote", (string)(await _client.GetAsync<JsonArray>("layers/global/history"))[0]!["action"]!);
        Assert.Equal(
            ["global", "release/terse"], (await _client.GetAsync<JsonArray>("audit?limit=2")).Select(entry => (string)entry!["target"]!));
    }

    [Fact]
    public async Task Start_OverlapsAnotherThatRuns_IsRefusedByName()
    {
        await DescribeAsync("terse", Terse);
        await DescribeAsync("warm", """{"patch":{"systemPrompt":"Be warm.","temperature":1},"percent":5}""");
        await DescribeAsync("stall", """{"patch":{"guards":{"stallSeconds":9}},"percent":5}""");
        await StepAsync("terse/start", HttpStatusCode.OK);
        await StepAsync("stall/start", HttpStatusCode.OK);

        using var refused = await _client.PostAsync("releases/warm/start");

        var problem = await ConfigClient.ProblemAsync(refused, HttpStatusCode.Conflict);
        Assert.Equal(("urn:aspireagent:release-overlap", "'terse' has systemPrompt."), ((string)problem["type"]!, (string)problem["detail"]!));
        await StepAsync("terse/pause", HttpStatusCode.OK);
        await StepAsync("warm/start", HttpStatusCode.Conflict); // its sessions still live by it
        await StepAsync("terse/rollback", HttpStatusCode.OK);
        await StepAsync("warm/start", HttpStatusCode.OK);

        using var grown = await _client.PutAsync("releases/stall", """{"patch":{"temperature":1},"percent":5}""", 2);
        await ConfigClient.ProblemAsync(grown, HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Describe_KeepsTheSaltAndChecksThePatch()
    {
        await DescribeAsync("terse", Terse);
        var salt = (string)(await _client.ReadAsync("releases/terse")).Document["salt"]!;

        using var raised = await _client.PutAsync("releases/terse", """{"patch":{"systemPrompt":"Be terse."},"percent":25}""", 1);
        Assert.Equal(HttpStatusCode.OK, raised.StatusCode);
        var release = (await _client.ReadAsync("releases/terse")).Document;
        Assert.Equal((salt, 25), ((string)release["salt"]!, (int)release["percent"]!));

        await RefusedAsync("""{"patch":{"kill":{"answers":true}},"percent":5}""", HttpStatusCode.Forbidden);
        await RefusedAsync("""{"patch":{"temperature":9},"percent":5}""", HttpStatusCode.UnprocessableEntity);
        await RefusedAsync("""{"patch":{"systemPrompt":"{{x}}"},"percent":5}""", HttpStatusCode.UnprocessableEntity);
        await RefusedAsync("""{"patch":{},"percent":5}""", HttpStatusCode.BadRequest);
        await RefusedAsync("""{"patch":{"temperature":1},"percent":101}""", HttpStatusCode.BadRequest);
        await RefusedAsync("""{"patch":{"temperature":1}}""", HttpStatusCode.BadRequest);
        using var blind = await _client.PutAsync("releases/other", Terse, null);
        await ConfigClient.ProblemAsync(blind, HttpStatusCode.PreconditionRequired);
        using var stale = await _client.PutAsync("releases/terse", Terse, 1);
        await ConfigClient.ProblemAsync(stale, HttpStatusCode.PreconditionFailed);
        using var name = await _client.PutAsync("releases/stable", Terse, 0);
        await ConfigClient.ProblemAsync(name, HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Delete_OnlyWhatNeverRan()
    {
        await DescribeAsync("terse", Terse);
        await DescribeAsync("draft", """{"patch":{"temperature":1},"percent":5}""");
        await StepAsync("terse/start", HttpStatusCode.OK);
        await StepAsync("terse/rollback", HttpStatusCode.OK);

        Assert.Equal(HttpStatusCode.Conflict, (await _client.Http.DeleteAsync("/v1/config/releases/terse")).StatusCode); // sessions bear its label
        Assert.Equal(HttpStatusCode.NoContent, (await _client.Http.DeleteAsync("/v1/config/releases/draft")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.Http.DeleteAsync("/v1/config/releases/draft")).StatusCode);
        Assert.Equal("terse", (string)Assert.Single(await _client.GetAsync<JsonArray>("releases"))!["name"]!);
    }

    [Fact]
    public async Task Step_DecidedByAnOlderRevision_IsRefused()
    {
        await DescribeAsync("terse", Terse);
        using var changed = await _client.PutAsync("releases/terse", """{"patch":{"systemPrompt":"Be rude."},"percent":5}""", 1);
        changed.EnsureSuccessStatusCode();

        using var stale = await _client.PostAsync("releases/terse/promote", revision: 1);
        using var current = await _client.PostAsync("releases/terse/promote", revision: 2);

        await ConfigClient.ProblemAsync(stale, HttpStatusCode.PreconditionFailed);
        Assert.Equal(HttpStatusCode.OK, current.StatusCode);
    }

    private async Task DescribeAsync(string name, string json)
    {
        using var response = await _client.PutAsync($"releases/{name}", json, 0);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private async Task RefusedAsync(string json, HttpStatusCode status)
    {
        using var response = await _client.PutAsync("releases/refused", json, 0);
        await ConfigClient.ProblemAsync(response, status);
    }

    private async Task StepAsync(string step, HttpStatusCode status)
    {
        using var response = await _client.PostAsync($"releases/{step}");
        Assert.True(status == response.StatusCode, $"{step}: {response.StatusCode} {await response.Content.ReadAsStringAsync()}");
    }

    private async Task<string> StateAsync(string name) => (string)(await _client.ReadAsync($"releases/{name}")).Document["state"]!;
}
