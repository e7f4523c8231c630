using System.ClientModel;
using System.Text.Json.Nodes;
using AspireAgent.Testing;
using OpenAI;
using OpenAI.Chat;

namespace AspireAgent.AppHost.Tests;

/// <summary>OpenAI's official clients, unchanged, against the gateway.</summary>
public sealed class OpenAiClientTests(SystemFixture system)
{
    [Fact]
    public async Task DotnetClient_StreamedAndNot_GivesTheSameAnswer()
    {
        using var gateway = system.Gateway();
        var client = Client(gateway, SystemFixture.Keys["user"]);
        var options = new ChatCompletionOptions { MaxOutputTokenCount = 20 };

        var whole = (await client.CompleteChatAsync([new UserChatMessage("How does a circuit breaker work?")], options)).Value;
        var streamed = "";
        ChatTokenUsage? usage = null;
        await foreach (var update in client.CompleteChatStreamingAsync([new UserChatMessage("How does a circuit breaker work?")], options))
        {
            streamed += string.Concat(update.ContentUpdate.Select(part => part.Text));
            usage = update.Usage ?? usage;
        }

        Assert.Equal(whole.Content[0].Text, streamed);
        Assert.Equal(20, whole.Usage.OutputTokenCount);
        Assert.Equal(whole.Usage.TotalTokenCount, usage!.TotalTokenCount);
        Assert.Equal(("sim-small", ChatFinishReason.Length), (whole.Model, whole.FinishReason));
    }

    [Fact]
    public async Task DotnetClient_WrongKey_ShowsTheMessage()
    {
        using var gateway = system.Gateway();
        var error = await Assert.ThrowsAsync<ClientResultException>(() => Client(gateway, "wrong").CompleteChatAsync(new UserChatMessage("x")));
        Assert.Equal(401, error.Status);
        Assert.Contains("A valid key or token is needed.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NodeClient_AllItsCalls_Work()
    {
        var directory = Path.Combine(Repository.Root, "tests", "AppHost.Tests", "openai-client");
        await using var npm = ChildProcess.Start(Requires.Npm(), ["ci", "--no-audit", "--no-fund", "--loglevel=error"], directory: directory);
        Assert.True(await npm.ExitAsync() == 0, npm.Output);
        using var gateway = system.Gateway();
        await using var node = ChildProcess.Start(
            "node", ["client.mjs", $"{gateway.BaseAddress}v1", SystemFixture.Keys["user"]], directory: directory);
        Assert.True(await node.ExitAsync() == 0, node.Output);
        var saw = JsonNode.Parse(node.Output)!;

        Assert.Equal(["agent", "sim-large", "sim-noprefill", "sim-small", "standard"], saw["models"]!.AsArray().Select(model => (string)model!));
        Assert.Equal((string)saw["whole"]!, (string)saw["streamed"]!);
        Assert.Equal(saw["wholeUsage"]!.ToJsonString(), saw["usage"]!.ToJsonString());
        Assert.Equal(("length", "sim-small"), ((string)saw["finish"]!, (string)saw["model"]!));
        Assert.Single(saw["ids"]!.AsArray());
        Assert.Equal("""{"name":"weather","arguments":"{\"city\":\"Paris\"}"}""", saw["tool"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        Assert.NotEmpty((string)saw["answered"]!);
        Assert.Equal((404, "model_not_found"), ((int)saw["unknownModel"]!["status"]!, (string)saw["unknownModel"]!["code"]!));
        Assert.Equal((400, "temperature"), ((int)saw["badType"]!["status"]!, (string)saw["badType"]!["param"]!));
        Assert.Equal(401, (int)saw["wrongKey"]!["status"]!);
    }

    private static ChatClient Client(HttpClient gateway, string key) => new OpenAIClient(
        new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri($"{gateway.BaseAddress}v1") }).GetChatClient("sim-small");
}
