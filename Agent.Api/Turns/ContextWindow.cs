using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Turns;

/// <summary>What a turn shows its model.</summary>
/// <param name="Kept">The messages, without the system prompt.</param>
/// <param name="DroppedTurns">Older turns that did not fit.</param>
/// <param name="MaxOutputTokens">Cap of the answer.</param>
internal sealed record WindowPlan(IReadOnlyList<ConversationMessage> Kept, int DroppedTurns, int MaxOutputTokens);

/// <summary>The part of a conversation that fits a model: its newest whole turns.</summary>
internal static class ContextWindow
{
    // What OpenAI's models add for each message of a chat.
    private const int TokensPerMessage = 4;

    private const string Dropped = """{"error":"dropped","detail":"The result does not fit the model's window."}""";

    /// <summary>
    /// What a turn shows its model and how much it lets it say, so that both together fit the window: the tightest of the model's own
    /// and the configuration's. All of it is frozen with the turn: nothing that changes meanwhile can make the two disagree.
    /// </summary>
    /// <param name="conversation">What was said, the input included.</param>
    /// <param name="systemPrompt">The system prompt.</param>
    /// <param name="config">The turn's configuration.</param>
    /// <param name="askedFor">The call's own cap.</param>
    /// <param name="modelTokens">The model's window.</param>
    /// <param name="countTokens">Counts a text.</param>
    public static WindowPlan Plan(
        IReadOnlyList<ConversationMessage> conversation, string systemPrompt, TurnConfig config, int? askedFor, int modelTokens,
        Func<string, int> countTokens)
    {
        var window = Math.Min(modelTokens, config.ContextTokens ?? int.MaxValue);
        var cap = Math.Min(Math.Min(askedFor ?? int.MaxValue, config.MaxOutputTokens), Math.Max(1, window / 2));
        var (kept, dropped) = Fit(conversation, window - cap - TokensPerMessage - countTokens(systemPrompt), countTokens);
        return new WindowPlan(kept, dropped, cap);
    }

    /// <summary>
    /// The newest turns of <paramref name="messages"/> within <paramref name="limit"/> tokens. A turn begins with a user's message;
    /// system messages stay. The newest turn stays whatever its size, but for results of its tools, which give way, oldest first, until
    /// it fits: if it never does, the model, not we, refuses it.
    /// </summary>
    public static (IReadOnlyList<ConversationMessage> Kept, int DroppedTurns) Fit(
        IReadOnlyList<ConversationMessage> messages, int limit, Func<string, int> countTokens)
    {
        var turns = Split(messages);
        var left = limit - messages.Where(IsSystem).Sum(Cost);
        var shrunk = turns.Count == 0 ? [] : Shrink(turns[^1], left, Cost);
        var keptTurns = 0;
        foreach (var turn in Enumerable.Reverse(turns))
        {
            left -= turn.Sum(message => Cost(Shown(message)));
            if (left < 0 && keptTurns > 0)
            {
                break;
            }

            keptTurns++;
        }

        var dropped = turns.Count - keptTurns;
        var gone = turns.Take(dropped).SelectMany(turn => turn).ToHashSet(ReferenceEqualityComparer.Instance);
        return ([.. messages.Where(message => !gone.Contains(message)).Select(Shown)], dropped);

        ConversationMessage Shown(ConversationMessage message) => shrunk.GetValueOrDefault(message, message);

        int Cost(ConversationMessage message) =>
            TokensPerMessage + countTokens(message.Text) + (message.ToolCalls?.Sum(call => countTokens(call.Arguments)) ?? 0);
    }

    // A turn that has called its tools often would else never fit again. Nothing is gained by cutting what is short already.
    private static Dictionary<ConversationMessage, ConversationMessage> Shrink(
        List<ConversationMessage> turn, int limit, Func<ConversationMessage, int> cost)
    {
        var shrunk = new Dictionary<ConversationMessage, ConversationMessage>(ReferenceEqualityComparer.Instance);
        var excess = turn.Sum(cost) - limit;
        foreach (var result in turn.Where(message => message.ToolCallId is not null))
        {
            var mark = result with { Text = Dropped };
            if (excess > 0 && cost(result) - cost(mark) is > 0 and var gain)
            {
                shrunk[result] = mark;
                excess -= gain;
            }
        }

        return excess > 0 ? [] : shrunk;
    }

    private static bool IsSystem(ConversationMessage message) => message.Role is "system" or "developer";

    private static List<List<ConversationMessage>> Split(IReadOnlyList<ConversationMessage> messages)
    {
        var turns = new List<List<ConversationMessage>>();
        foreach (var message in messages.Where(message => !IsSystem(message)))
        {
            if (turns.Count == 0 || message.Role == "user")
            {
                turns.Add([]);
            }

            turns[^1].Add(message);
        }

        return turns;
    }
}
