using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Streams;
using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.Cancellation;

/// <summary>One try: a session and its client, in an act.</summary>
internal sealed class Try : IAsyncDisposable
{
    private static int _tries;

    private readonly CancellationTokenSource _client = new();
    private readonly WiredPod _pod;
    private readonly Task _reading;

    private Try(WiredPod pod, Session session, Act act)
    {
        (_pod, Session, Act) = (pod, session, act);
        _reading = ReadAsync();
    }

    /// <summary>What each of its calls bears.</summary>
    public string Key { get; } = $"{Interlocked.Increment(ref _tries)}";

    public Act Act { get; }

    public Session Session { get; }

    // Of the turn that follows a barge-in.
    private string NextKey => $"{Key}next";

    /// <summary>Opens a session and asks.</summary>
    public static async Task<Try> BeginAsync(WiredPod pod, Act act)
    {
        var id = Guid.NewGuid().ToString("N");
        var opened = await pod.Host.OpenAsync(
            id, new SessionOpened("demo", "standard", "user"), new OpenSessionRequest { Id = id }, null, CancellationToken.None);
        var begun = new Try(pod, ((SessionLookup.Here)opened).Session, act);
        await begun.AskAsync("1", $"{act.Words} {begun.Key}", act.Name);
        return begun;
    }

    /// <summary>Completes when the simulator has the act's calls and the session what they have said so far.</summary>
    public async Task ReachedAsync(SimulatorLog log)
    {
        var seen = "";
        await Poll.UntilAsync(
            async () => (seen = SimulatorLog.Tell((await log.ReadAsync())[Key])) == Act.Reached && Session.State.Running?.PartialText.Length > 0 == Act.Speaks,
            () => $"'{Act.Reached}', and not '{seen}'");
    }

    /// <summary>Makes the turn end. A drain is the pod's and not one session's.</summary>
    public async Task EndAsync(Cause cause)
    {
        switch (cause)
        {
            case Cause.Stop:
                await Session.StopAsync(CancelledBy.User, null, CancellationToken.None);
                break;
            case Cause.BargeIn:
                await AskAsync("2", $"Never mind. {NextKey}", WiredPod.Quick, mostTokens: 1);
                break;
            case Cause.ClientGone:
                await _client.CancelAsync();
                await _reading;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(cause), cause, null);
        }
    }

    /// <summary>What the simulator has seen in the end, by what the calls bear.</summary>
    public IEnumerable<(string Key, string Calls)> Expected(Cause cause) =>
        [(Key, Act.Cancelled), (NextKey, cause is Cause.BargeIn ? $"{WiredPod.Quick} completed" : "")];

    /// <summary>How its first turn has ended, by the log; null: it has not.</summary>
    public async Task<SessionEvent?> EndOfTurnAsync() =>
        (await _pod.Log.ReadAsync(Session.Grant.Session, 0, 10_000)).Events
            .Select(logged => Contracts.Json.WireJson.ReadEvent(logged.Json))
            .FirstOrDefault(happened => happened.EndsTurn);

    public async ValueTask DisposeAsync()
    {
        await Session.DisposeAsync();
        await _client.CancelAsync();
        await _reading;
        _client.Dispose();
    }

    private async Task AskAsync(string input, string text, string plan, int? mostTokens = null)
    {
        var asked = new InputRequest { Id = input, Text = text, Options = new InputOptions { Model = plan, MaxOutputTokens = mostTokens } };
        if (await Session.AcceptAsync(asked, TimeProvider.System.GetTimestamp(), CancellationToken.None) is not InputOutcome.Accepted)
        {
            throw new InvalidOperationException("The input was not accepted.");
        }
    }

    private async Task ReadAsync()
    {
        await foreach (var _ in Session.Reader.ReadAsync(null, TimeSpan.FromMinutes(1), _client.Token).UntilCancelled(_client.Token))
        {
        }
    }
}
