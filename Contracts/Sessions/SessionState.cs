using System.Collections.Immutable;
using System.Text.Json.Nodes;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Contracts.Sessions;

/// <summary>A session as the fold of its log: <c>state = events.Aggregate(SessionState.Empty, (s, e) => s.Apply(e))</c>.</summary>
public sealed record SessionState
{
    /// <summary>How many client ids of inputs are remembered.</summary>
    public const int RememberedInputs = 1_024;

    /// <summary>How many ended turns are remembered by where they begin; the most that a log can be told to keep.</summary>
    public const int RememberedTurns = 256;

    public static SessionState Empty { get; } = new();

    /// <summary>Seq of the last event folded in; 0 before the first.</summary>
    public long Seq { get; init; }

    public string Tenant { get; init; } = "";

    public string Tier { get; init; } = "";

    public string Subject { get; init; } = "";

    /// <summary>The caller's group, by its claim.</summary>
    public string? Group { get; init; }

    /// <summary>The releases that it is in, drawn when it was opened (see <see cref="Config.Cohort"/>).</summary>
    public string? Cohort { get; init; }

    /// <summary>What its client wants to remember of it.</summary>
    public JsonObject? Metadata { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Whether it serves one completion call.</summary>
    public bool Ephemeral { get; init; }

    public bool Closed { get; init; }

    /// <summary>What a model is shown of the past, oldest first, the running turn not included.</summary>
    public ImmutableList<ConversationMessage> Messages { get; init; } = [];

    /// <summary>Inputs that wait, in order.</summary>
    public ImmutableList<InputAccepted> Waiting { get; init; } = [];

    /// <summary>The turn that runs; null: none.</summary>
    public RunningTurn? Running { get; init; }

    /// <summary>Session layer of the configuration. A null in a change takes a property out of it: then the layer below holds.</summary>
    public JsonObject ConfigPatch { get; init; } = [];

    public long ConfigRevision { get; init; }

    /// <summary>Inputs by the client's id: the last <see cref="RememberedInputs"/>.</summary>
    public ImmutableDictionary<string, KnownInput> Inputs { get; init; } =
        ImmutableDictionary.Create<string, KnownInput>(StringComparer.Ordinal);

    /// <summary>Seqs of the inputs of the turns that ended last, oldest first: where each turn begins in the log.</summary>
    public ImmutableList<long> Turns { get; init; } = [];

    /// <summary>When the last event was written, by its writer's clock.</summary>
    public DateTimeOffset LastAt { get; init; }

    /// <summary>Whether something runs or waits to.</summary>
    public bool IsBusy => Running is not null || !Waiting.IsEmpty;

    internal ImmutableQueue<string> InputOrder { get; init; } = [];

    /// <summary>The state after one more event.</summary>
    public SessionState Apply(SessionEvent happened)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var next = happened switch
        {
            SessionOpened e => this with
            {
                Tenant = e.Tenant,
                Tier = e.Tier,
                Subject = e.Subject,
                Group = e.Group,
                Cohort = e.Cohort,
                Metadata = e.Metadata,
                CreatedAt = e.At,
                Ephemeral = e.Ephemeral,
                Messages = [.. e.History ?? []],
            },
            SessionClosed => this with { Closed = true },
            ConfigChanged e => this with { ConfigPatch = (JsonObject)MergePatch.Apply(ConfigPatch, e.Patch)!, ConfigRevision = e.Revision },
            InputAccepted e => Remember(e) with { Waiting = Waiting.Add(e) },
            TurnStarted e => Start(e),
            TokenProduced or ToolCalled or ToolReturned or ModelSwitched or SessionMoved when Running is { } turn => this with { Running = turn.Apply(happened) },
            { EndsTurn: true } => End(happened.Turn),
            _ => this,
        };

        return next with { Seq = happened.Seq, LastAt = happened.At };
    }

    /// <summary>The conversation for a client that cannot resume.</summary>
    public SessionSnapshot ToSnapshot() => new(
        Seq, Messages, Running?.PartialText ?? "", Closed, Running?.Id,
        Running is { Steps.IsEmpty: false } turn ? [.. turn.Steps.SelectMany(step => step.ToMessages())] : null);

    private SessionState Remember(InputAccepted input)
    {
        var (inputs, order) = (Inputs.SetItem(input.Id, KnownInput.Of(input)), InputOrder.Enqueue(input.Id));
        if (inputs.Count > RememberedInputs)
        {
            order = order.Dequeue(out var oldest);
            inputs = inputs.Remove(oldest);
        }

        return this with { Inputs = inputs, InputOrder = order };
    }

    private ImmutableList<long> Remember(long turn) => (Turns.Count < RememberedTurns ? Turns : Turns.RemoveAt(0)).Add(turn);

    private SessionState Start(TurnStarted started)
    {
        var input = Waiting.Find(waiting => waiting.Turn == started.Turn);
        return this with
        {
            Waiting = input is null ? Waiting : Waiting.Remove(input),
            Running = new RunningTurn(input ?? new InputAccepted(started.Input, "") { Turn = started.Turn, Seq = started.Seq }) { Route = started.Route },
        };
    }

    // A turn may be cancelled before it started: then it only leaves the queue.
    private SessionState End(string? turn)
    {
        var state = this with { Waiting = Waiting.RemoveAll(waiting => waiting.Turn == turn) };
        return Running is { } running && running.Id == turn
            ? state with { Messages = Messages.AddRange(running.ToMessages()), Running = null, Turns = Remember(running.Input.Seq) }
            : state;
    }
}
