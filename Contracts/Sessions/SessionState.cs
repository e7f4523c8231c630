using System.Collections.Immutable;
using System.Text.Json.Nodes;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Contracts.Sessions;

/// <summary>A session as the fold of its log: <c>state = events.Aggregate(SessionState.Empty, (s, e) => s.Apply(e))</c>.</summary>
public sealed record SessionState
{
    /// <summary>How many client ids of inputs are remembered.</summary>
    public const int RememberedInputs = 1_024;

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
    public ImmutableDictionary<string, InputAccepted> Inputs { get; init; } =
        ImmutableDictionary.Create<string, InputAccepted>(StringComparer.Ordinal);

    private ImmutableQueue<string> InputOrder { get; init; } = [];

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
                CreatedAt = e.At,
                Ephemeral = e.Ephemeral,
                Messages = [.. e.History ?? []],
            },
            SessionClosed => this with { Closed = true },
            ConfigChanged e => this with { ConfigPatch = (JsonObject)MergePatch.Apply(ConfigPatch, e.Patch)!, ConfigRevision = e.Revision },
            InputAccepted e => Remember(e) with { Waiting = Waiting.Add(e) },
            TurnStarted e => Start(e),
            TokenProduced e when Running is { } turn => this with { Running = turn with { Text = turn.Text.Push(e.Text) } },
            ToolCalled e when Running is { } turn => this with
            {
                Running = turn with { ToolCalls = turn.ToolCalls.Add(new ConversationToolCall(e.Call, e.Name, e.Arguments)) },
            },
            { EndsTurn: true } => End(happened.Turn),
            _ => this,
        };

        return next with { Seq = happened.Seq };
    }

    /// <summary>The conversation for a client that cannot resume.</summary>
    public SessionSnapshot ToSnapshot() => new(Seq, Messages, Running?.PartialText ?? "", Closed, Running?.Id);

    private SessionState Remember(InputAccepted input)
    {
        var (inputs, order) = (Inputs.SetItem(input.Id, input), InputOrder.Enqueue(input.Id));
        if (inputs.Count > RememberedInputs)
        {
            order = order.Dequeue(out var oldest);
            inputs = inputs.Remove(oldest);
        }

        return this with { Inputs = inputs, InputOrder = order };
    }

    private SessionState Start(TurnStarted started)
    {
        var input = Waiting.Find(waiting => waiting.Turn == started.Turn);
        return this with
        {
            Waiting = input is null ? Waiting : Waiting.Remove(input),
            Running = new RunningTurn(started.Turn ?? "", input?.Text ?? ""),
        };
    }

    // A turn may be cancelled before it started: then it only leaves the queue.
    private SessionState End(string? turn)
    {
        var state = this with { Waiting = Waiting.RemoveAll(waiting => waiting.Turn == turn) };
        return Running is { } running && running.Id == turn
            ? state with { Messages = Messages.AddRange(running.ToMessages()), Running = null }
            : state;
    }
}
