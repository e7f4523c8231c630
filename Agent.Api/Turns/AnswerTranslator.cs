using System.Globalization;
using System.Text.Json;
using AspireAgent.Agent.Models.Continuations;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Turns;

/// <summary>
/// Turns a model's updates into events of one turn, and keeps what the turn's end must tell. A turn that goes on was named by the
/// build that has <c>spoken</c> first.
/// </summary>
/// <param name="turn">The turn's id.</param>
/// <param name="code">The code's version.</param>
/// <param name="promptVersion">The prompt's.</param>
/// <param name="effectOf">The effect of a tool, by its name.</param>
/// <param name="bill">Told what is said and used.</param>
/// <param name="spoken">The build that has spoken; null: none has.</param>
/// <param name="usedIds">Ids of the calls of tools that the turn has made before.</param>
internal sealed class AnswerTranslator(
    string turn, string code, string promptVersion, Func<string, string> effectOf, TurnBill bill, BuildId? spoken = null,
    IEnumerable<string>? usedIds = null)
{
    private readonly HashSet<string> _callIds = [.. usedIds ?? []];
    private BuildId? _build = spoken;
    private string _requestedModel = "";
    private Seam? _seam;

    /// <summary>stop, length, tool_calls or content_filter.</summary>
    public string Finish { get; private set; } = "stop";

    /// <summary>Of the build that spoke; null: nothing was said.</summary>
    public string? Fingerprint => _build?.Fingerprint();

    /// <summary>The answer ends at its cap, without another call.</summary>
    public void CutShort() => Finish = "length";

    /// <summary>What was said is taken back: the next words name their build.</summary>
    public void Restart() => _build = null;

    /// <summary>Another call speaks.</summary>
    /// <param name="requestedModel">The model that was asked for, should it not tell its own name.</param>
    /// <param name="seam">Joins what it says to what was said; null: it begins.</param>
    public void Begin(string requestedModel, Seam? seam) => (_requestedModel, _seam, Finish) = (requestedModel, seam, "stop");

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
                    bill.Told(usage.Details);
                    break;
                case TextContent { Text.Length: > 0 } text:
                    bill.Said(text.Text);
                    if ((_seam is null ? text.Text : _seam.Join(text.Text)) is { Length: > 0 } joined)
                    {
                        yield return Token(joined, update.ModelId);
                    }

                    break;
                case FunctionCallContent { Exception: not null }:
                    throw new InvalidDataException("The model called a tool with arguments that are no JSON.");
                case FunctionCallContent call:
                    foreach (var held in Flush(update.ModelId))
                    {
                        yield return held;
                    }

                    var arguments = JsonSerializer.Serialize(call.Arguments ?? new Dictionary<string, object?>());
                    bill.Said(arguments);
                    yield return new ToolCalled(
                        UniqueId(call.CallId), call.Name, arguments, effectOf(call.Name), FirstFingerprint(update.ModelId), FirstBuild(update.ModelId)) { Turn = turn };
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>The call has ended: what the seam has held back, if anything.</summary>
    public IEnumerable<SessionEvent> Flush() => Flush(null);

    private IEnumerable<SessionEvent> Flush(string? servedModel)
    {
        if (_seam?.Flush() is { Length: > 0 } held)
        {
            yield return Token(held, servedModel);
        }
    }

    // Some vendors give no id, and some count anew with each response. The fold, and so the next prompt, have it as it is here.
    private string UniqueId(string given)
    {
        var id = given;
        for (var n = 1; string.IsNullOrWhiteSpace(id) || !_callIds.Add(id); n++)
        {
            id = string.Create(CultureInfo.InvariantCulture, $"{(string.IsNullOrWhiteSpace(given) ? "call" : given)}-{n}");
        }

        return id;
    }

    private TokenProduced Token(string text, string? servedModel) =>
        new(text, FirstFingerprint(servedModel), FirstBuild(servedModel)) { Turn = turn };

    // Named once, by the first words; the two are asked for in this order.
    private string? FirstFingerprint(string? servedModel) => _build is null ? Build(servedModel).Fingerprint() : null;

    private BuildId? FirstBuild(string? servedModel)
    {
        if (_build is not null)
        {
            return null;
        }

        return _build = Build(servedModel);
    }

    private BuildId Build(string? servedModel) => new(code, promptVersion, servedModel ?? _requestedModel, BuildId.NoIndex, _requestedModel);
}
