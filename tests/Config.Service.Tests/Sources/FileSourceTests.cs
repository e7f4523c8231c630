using System.Net;
using System.Reactive.Concurrency;
using System.Text.Json.Nodes;
using AspireAgent.Config.Layers;
using AspireAgent.Config.Sources;
using AspireAgent.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AspireAgent.Config.Tests.Sources;

public sealed class FileSourceTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly VirtualTime _time = new();

    public void Dispose() => File.Delete(_file);

    [Fact]
    public void Changes_FileIsChanged_TellsEachDocumentOnce()
    {
        Write("""{"temperature":0.1}""");
        var source = new FileLayerSource(Scope.Global, _file, _time.Scheduler, NullLogger<FileLayerSource>.Instance);
        var seen = new List<string>();
        using var subscription = source.Changes.Subscribe(change => seen.Add($"{_time.Now} {change.Document.ToJsonString()}"));

        _time.RunTo(5_000);
        Write("{ no json");
        _time.RunTo(9_000);
        File.Delete(_file);
        _time.RunTo(11_000);
        Write("""{"temperature":0.2}""");
        _time.RunTo(20_000);

        Assert.Equal(["0 {\"temperature\":0.1}", "12000 {\"temperature\":0.2}"], seen);
    }

    [Fact]
    public async Task Service_LayerWithAFile_FollowsItAndTakesNoOtherWrites()
    {
        Write("""{"systemPrompt":"from a file"}""");
        await using var system = await ConfigSystem.StartAsync(
            RedisKind.Server, settings: new Dictionary<string, string> { ["Config__Files__global"] = _file });
        using var client = system.Client();
        await UntilAsync(client, "from a file");

        using var refused = await client.PutAsync("layers/global", "{}", 1);
        Assert.Equal("urn:aspireagent:layer-fed", (string)(await ConfigClient.ProblemAsync(refused, HttpStatusCode.Conflict))["type"]!);

        Write("""{"systemPrompt":7}"""); // not valid: what was there stays
        await Poll.UntilAsync(() => system.Service.Output.Contains("systemPrompt: A text is expected.", StringComparison.Ordinal), "the refusal in the log");
        Write("""{"systemPrompt":"newer"}""");
        await UntilAsync(client, "newer");

        Assert.Equal(2, (await client.ReadAsync("layers/global")).Revision);
        Assert.All(await client.GetAsync<JsonArray>("layers/global/history"), entry => Assert.Equal("source", (string)entry!["action"]!));
        Assert.Equal($"file:{_file}", (string)(await client.GetAsync<JsonArray>("audit"))[0]!["by"]!);
    }

    private static Task UntilAsync(ConfigClient client, string prompt) => Poll.UntilAsync(
        async () => (string?)(await client.ReadAsync("layers/global")).Document["systemPrompt"] == prompt, prompt);

    // As an orchestrator does: the whole file, or the one before.
    private void Write(string text)
    {
        File.WriteAllText(_file + ".new", text);
        File.Move(_file + ".new", _file, overwrite: true);
    }
}
