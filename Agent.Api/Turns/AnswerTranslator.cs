using System.Text.Json;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Turns;

/// <summary>Turns a model's updates into events of one turn, and keeps what the turn's end must tell.</summary>
internal sealed class AnswerTranslator(string turn, string code, string systemPrompt, string requestedModel)
{
    private BuildId? _build;
    private UsageDetails? _usage;

    /// <summary>What has been said, for the count of tokens where the model does not count.</summary>
    public List<string> Said { get; } = [];

    /// <summary>stop, length, tool_calls or content_filter.</summary>
    public string Finish { get; private set; } = "stop";

    /// <summary>Of the build that spoke; null: nothing was said.</summary>
    public string? Fingerprint => _build?.Fingerprint();

    /// <summary>As the model counts; null: it has not told.</summary>
    public TokenUsage? Usage => _usage is null ? null : new TokenUsage(_usage.InputTokenCount ?? 0, _usage.OutputTokenCount ?? 0);

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
                    Said.Add(text.Text);
                    yield return Token(text.Text, update.ModelId);
                    break;
                case FunctionCallContent call:
                    var arguments = JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>());
                    Said.Add(arguments);
                    _build ??= Build(update.ModelId);
                    yield return new ToolCalled(call.CallId, call.Name, arguments, "client") { Turn = turn };
                    break;
                default:
                    break;
            }
        }
    }

    private TokenProduced Token(string text, string? servedModel)
    {
        if (_build is not null)
        {
            return new TokenProduced(text) { Turn = turn };
        }

        _build = Build(servedModel);
        return new TokenProduced(text, _build.Fingerprint(), _build) { Turn = turn };
    }

    private BuildId Build(string? servedModel) =>
        new(code, BuildId.Hash(systemPrompt), servedModel ?? requestedModel, BuildId.NoIndex);
}
