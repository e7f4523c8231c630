using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Sessions;
using AspireAgent.Agent.Tools;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.Turns;

/// <summary>A session whose plan has the routes <c>a</c> and <c>b</c>, each with a model of its own that the test plays.</summary>
internal sealed class TurnScene : IAsyncDisposable
{
    private TurnScene(AgentHarness agent, Session session, FakeChatClient a, FakeChatClient b) => (Agent, Session, A, B) = (agent, session, a, b);

    public AgentHarness Agent { get; }

    public Session Session { get; }

    public FakeChatClient A { get; }

    public FakeChatClient B { get; }

    /// <param name="servers">The stores.</param>
    /// <param name="config">More of the global layer, as JSON.</param>
    /// <param name="a">How <c>a</c> goes on with words.</param>
    /// <param name="b">How <c>b</c> does.</param>
    /// <param name="prices">Of a million tokens of either; micro-USD.</param>
    /// <param name="tier">The session's.</param>
    /// <param name="tools">What the agent can run.</param>
    public static async Task<TurnScene> OpenAsync(
        RedisPair servers, string config = "{}", Prefill a = Prefill.LastAssistant, Prefill b = Prefill.LastAssistant, (long Input, long Output) prices = default,
        string tier = "standard", params Tool[] tools)
    {
        var (first, second) = (new FakeChatClient(), new FakeChatClient());
        var agent = await AgentHarness.StartAsync(
            servers, RedisKind.Server,
            [Route("a", first, a), Route("b", second, b)], tools);
        var document = new JsonObject { ["systemPrompt"] = "P1", ["resilience"] = new JsonObject { ["retries"] = 0 } };
        foreach (var (name, value) in JsonNode.Parse(config)!.AsObject())
        {
            document[name] = value?.DeepClone();
        }

        agent.SetGlobal(document);
        return new TurnScene(agent, await agent.OpenAsync(tier), first, second);

        ModelRoute Route(string name, FakeChatClient model, Prefill prefill) => new(name, $"model-{name}", model, 8_000)
        {
            Prefill = prefill, InputMicroUsdPerMillion = prices.Input, OutputMicroUsdPerMillion = prices.Output,
        };
    }

    public Task AskAsync(string text = "hello", InputOptions? options = null, string id = "1") => Session.AcceptAsync(
        new InputRequest { Id = id, Text = text, Options = options }, TimeProvider.System.GetTimestamp(), default);

    /// <summary>What the log tells of the turn from its start on, once it holds <paramref name="last"/>; runs of tokens as one.</summary>
    public async Task<IReadOnlyList<string>> StoryAsync(string last)
    {
        var story = new List<string>();
        foreach (var told in (await Agent.StoryAsync(last)).SkipWhile(told => !told.StartsWith("started:", StringComparison.Ordinal)).Skip(1))
        {
            if (told.StartsWith("token:", StringComparison.Ordinal) && story.Count > 0 && story[^1].StartsWith("token:", StringComparison.Ordinal))
            {
                story[^1] += told["token:".Length..];
            }
            else
            {
                story.Add(told);
            }
        }

        return story;
    }

    /// <summary>The one event of a kind in the log.</summary>
    public async Task<T> SingleAsync<T>()
        where T : SessionEvent => Assert.Single((await Agent.LogAsync()).OfType<T>());

    /// <summary>What the conversation keeps, the input not included, once nothing runs.</summary>
    public async Task<IReadOnlyList<ConversationMessage>> KeptAsync()
    {
        await Poll.UntilAsync(() => !Session.State.IsBusy, "the turn's end");
        return [.. Session.State.Messages.Skip(1)];
    }

    public static InputOptions Tools(string json) => new() { Tools = JsonElement.Parse(json) };

    public async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        await Agent.DisposeAsync();
    }
}
