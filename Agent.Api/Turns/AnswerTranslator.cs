using System.Collections.Immutable;
using System.Text.Json;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Turns;

/// <summary>
/// Turns a model's updates into events of one turn, and keeps what the turn's end must tell. A turn that goes on was named by the
/// build that has <c>spoken</c> first.
/// </summary>
internal sealed class AnswerTranslator(string turn, string code, string promptVersion, string requestedModel, BuildId? spoken = null)
{
    private BuildId? _build = spoken;
    private UsageDetails? _usage;

    /// <summary>What has been said, for the count of tokens where the model does not count. Whoever ends the turn may read while the model speaks.</summary>
    public ImmutableStack<string> Said { get; private set; } = [];

    /// <summary>stop, length, tool_calls or content_filter.</summary>
    public string Finish { get; private set; } = "stop";

    /// <summary>Of the build that spoke; null: nothing was said.</summary>
    public string? Fingerprint => _build?.Fingerprint();

    /// <summary>As the model counts; null: it has not told.</summary>
    public TokenUsage? Usage => _usage is null ? null : new TokenUsage(_usage.InputTokenCount ?? 0, _usage.OutputTokenCount ?? 0);

    /// <summary>The answer ends at its cap, without another call.</summary>
    public void CutShort() => Finish = "length";

    public IEnumerable<SessionEvent> Translate(ChatResponseUpdate update)
    {
        if (update.FinishReason is { } finish)
        {
            Finish = finish.Value;
        }

        foreach (var content in update.Contents)
        {
            switch (content)
            {
                case UsageContent usage:
                    (_usage ??= new UsageDetails()).Add(usage.Details);
                    break;
                case TextContent { Text.Length: > 0 } text:
                    Said = Said.Push(text.Text);
                    yield return new TokenProduced(text.Text, FirstFingerprint(update), FirstBuild(update)) { Turn = turn };
                    break;
                case FunctionCallContent { Exception: not null }:
                    throw new InvalidDataException("The model called a tool with arguments that are no JSON.");
                case FunctionCallContent call:
                    var arguments = JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>());
                    Said = Said.Push(arguments);
                    yield return new ToolCalled(
                        call.CallId, call.Name, arguments, "client", FirstFingerprint(update), FirstBuild(update)) { Turn = turn };
                    break;
                default:
                    break;
            }
        }
    }

    // Named once, by the first words; the two are asked for in this order.
    private string? FirstFingerprint(ChatResponseUpdate update) => _build is null ? Build(update).Fingerprint() : null;

    private BuildId? FirstBuild(ChatResponseUpdate update)
    {
        if (_build is not null)
        {
            return null;
        }

        return _build = Build(update);
    }

    private BuildId Build(ChatResponseUpdate update) =>
        new(code, promptVersion, update.ModelId ?? requestedModel, BuildId.NoIndex);
}
