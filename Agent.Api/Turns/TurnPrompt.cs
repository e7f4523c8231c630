using System.Collections.Concurrent;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Clients;
using AspireAgent.Agent.Models.Continuations;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Turns;

/// <summary>What the models of one turn are shown: frozen with the turn, but for the sampling of each call.</summary>
internal sealed class TurnPrompt(TurnRequest turn, AnswerTools tools, TokenCounter tokens)
{
    private readonly TurnConfig _config = turn.Snapshot.Config;
    private readonly SystemPrompt _system = new(turn.Snapshot.Config);
    private readonly ConcurrentDictionary<string, int> _counts = new(ReferenceEqualityComparer.Instance); // each text is counted once, for all routes

    /// <summary>The prompt's part of the fingerprint.</summary>
    public string Version => _system.Version;

    /// <summary>What answers by rule when no route can; null: nothing does.</summary>
    public ModelRoute? LastResort { get; } = turn.Snapshot.Config.LastResort is { Enabled: true } rules
        ? new ModelRoute(ModelOptions.LastResort, RuleBasedChatClient.Model, new RuleBasedChatClient(rules), int.MaxValue)
        : null;

    /// <summary>Tokens of a text.</summary>
    public int Count(string text) => tokens.Count(text);

    /// <summary>What a route is going to be shown, and may say.</summary>
    public PromptSize SizeFor(ModelRoute route, RunningTurn running)
    {
        var window = Window(route, running, "");
        return new PromptSize(
            CountOnce(_system.Text) + window.Kept.Sum(Tokens) + TokenCounter.Framing(window.Kept.Count + 1), window.MaxOutputTokens);
    }

    /// <summary>How many tokens a route may still say after the words that it goes on from.</summary>
    public int TokensLeft(ModelRoute route, RunningTurn running, string prefix) => Window(route, running, prefix).MaxOutputTokens - tokens.Count(prefix);

    /// <summary>
    /// Whether a route without tools cannot serve: the call brings some of its own, or the turn has called some, which vendors refuse to
    /// be told of in a request without tools.
    /// </summary>
    public bool NeedsTools(RunningTurn running) => tools.HasCallers || !running.Steps.IsEmpty;

    /// <summary>The request for a route.</summary>
    /// <param name="route">The route.</param>
    /// <param name="running">The turn's finished steps.</param>
    /// <param name="prefix">The words that it goes on from; empty: it begins.</param>
    /// <param name="knobs">The sampling.</param>
    public ModelRequest For(ModelRoute route, RunningTurn running, string prefix, LiveKnobs knobs)
    {
        var window = Window(route, running, prefix);
        var cap = Math.Max(1, window.MaxOutputTokens - tokens.Count(prefix));
        var options = Prompt.Options(turn, knobs, cap);
        var mayCall = !knobs.Kill.Tools && running.Steps.Count < _config.MaxToolRounds;
        if (route.Tools && (mayCall || window.Kept.Any(message => message.ToolCalls is not null)))
        {
            tools.AddTo(options, mayCall);
        }

        return new ModelRequest(Prompt.Messages(_system.Text, window.Kept), options, window.DroppedTurns, MayBeEmpty: prefix.Length > 0 || !running.Steps.IsEmpty)
        {
            Route = route,
        };
    }

    /// <summary>Estimates what a former owner's call has used.</summary>
    public TokenUsage Estimate(IEnumerable<string> said)
    {
        var shown = Conversation(turn.State.Running!, "");
        return new TokenUsage(tokens.Count(_system.Text) + shown.Sum(Tokens) + TokenCounter.Framing(shown.Count + 1), said.Sum(tokens.Count));
    }

    private WindowPlan Window(ModelRoute route, RunningTurn running, string prefix) => ContextWindow.Plan(
        Conversation(running, prefix), _system.Text, _config, turn.Input.Event.Options?.MaxOutputTokens, route.ContextTokens, CountOnce);

    private long Tokens(ConversationMessage message) =>
        CountOnce(message.Text) + (message.ToolCalls?.Sum(call => (long)CountOnce(call.Arguments)) ?? 0);

    private int CountOnce(string text) => _counts.GetOrAdd(text, tokens.Count);

    private List<ConversationMessage> Conversation(RunningTurn running, string prefix)
    {
        List<ConversationMessage> said =
            [.. Prompt.WithAllAnswers([.. turn.State.Messages, .. (running with { Step = TurnStep.Empty }).ToMessages()])];
        if (Seam.Shown(prefix) is { Length: > 0 } shown) // blanks alone are nothing to go on from, and vendors refuse an empty message
        {
            said.Add(new ConversationMessage("assistant", shown));
        }

        return said;
    }
}

/// <summary>What a call is about to cost.</summary>
/// <param name="PromptTokens">What is shown.</param>
/// <param name="MaxOutputTokens">The answer's cap.</param>
internal readonly record struct PromptSize(long PromptTokens, long MaxOutputTokens);
