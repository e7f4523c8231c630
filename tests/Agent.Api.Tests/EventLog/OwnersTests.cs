using System.Globalization;
using System.Text.Json;
using AspireAgent.Agent.EventLog;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using CsCheck;

namespace AspireAgent.Agent.Tests.EventLog;

/// <summary>I2: any owners, in any order, with any loss, repeat and delay of what they send, leave one history.</summary>
public class OwnersTests(RedisPair servers)
{
    private const int Owners = 3;

    private static readonly Gen<Step[]> Steps = Gen.Select(
        Gen.Int[0, Owners - 1],
        Gen.Frequency<Act>(
            (3, Act.Take), (1, Act.TakeStale), (1, Act.TakeForced), (6, Act.Append), (3, Act.AppendUnheard), (1, Act.AppendElsewhere),
            (3, Act.DeliverAgain), (3, Act.Checkpoint), (1, Act.Release), (3, Act.Read)),
        Gen.Int[0, 999],
        (owner, act, n) => new Step(owner, act, n)).Array[1, 60];

    [Theory]
    [InlineData(RedisKind.Server)]
    [InlineData(RedisKind.Garnet)]
    public async Task Owners_AnyOrderLossRepeatAndDelay_LeaveOneHistory(RedisKind kind)
    {
        await using var agent = await AgentHarness.StartAsync(servers, kind);

        await Steps.SampleAsync(
            async steps =>
            {
                var play = new Play(agent.Log, Guid.NewGuid().ToString("N"));
                foreach (var step in steps)
                {
                    await play.DoAsync(step);
                }

                await play.CheckAsync();
            },
            iter: kind is RedisKind.Server ? LongMode.Times(200, 50_000) : LongMode.Times(50, 5_000)); // Garnet commits to disk
    }

    private enum Act
    {
        /// <summary>The session, as it is seen now.</summary>
        Take,

        /// <summary>The same with a token that was seen before.</summary>
        TakeStale,

        /// <summary>From an owner that lives.</summary>
        TakeForced,

        /// <summary>Appends events, or once more those of which no answer was heard.</summary>
        Append,

        /// <summary>The same, and the answer is lost.</summary>
        AppendUnheard,

        /// <summary>The same for a place where the log does not end.</summary>
        AppendElsewhere,

        /// <summary>Anything that was ever sent arrives once more.</summary>
        DeliverAgain,
        Checkpoint,
        Release,
        Read,
    }

    private sealed record Step(int Owner, Act Act, int N);

    /// <summary>A call of a script as it was sent: it may arrive more than once, and late.</summary>
    private sealed record Request(Func<Task<AppendOutcome>> Send, Func<AppendOutcome> Expect);

    private sealed class Owner
    {
        public WriteGrant? Grant { get; set; }

        public WriterHistory Writers { get; set; } = new([]);

        /// <summary>The states that it has seen, the first as it was hydrated.</summary>
        public List<SessionState> States { get; set; } = [];

        /// <summary>Whether all that it has sent fits the log as it knows it.</summary>
        public bool IsSound { get; set; } = true;

        /// <summary>What it has sent without hearing an answer, and where it stands after it.</summary>
        public (Request Request, List<SessionState> After)? Unheard { get; set; }
    }

    private sealed class Play(SessionLog log, string session)
    {
        private static readonly SessionFacts Facts = new("demo");
        private static readonly TimeSpan TimeToLive = TimeSpan.FromMinutes(5);

        private readonly LogModel _model = new();
        private readonly Owner[] _owners = [.. Enumerable.Range(0, Owners).Select(_ => new Owner())];
        private readonly List<Request> _sent = [];

        public Task DoAsync(Step step)
        {
            var (owner, n) = (_owners[step.Owner], step.N);
            return step.Act switch
            {
                Act.Take => TakeAsync(step, _model.Token, forced: false),
                Act.TakeForced => TakeAsync(step, _model.Token, forced: true),
                Act.TakeStale => TakeAsync(step, _model.Tokens[n % _model.Tokens.Count], forced: false),
                Act.Read => ReadAsync((n % (_model.Log.Count + 3)) - 1, 1 + (n % 7)),
                Act.DeliverAgain => _sent.Count > 0 ? DeliverAsync(_sent[n % _sent.Count]) : Task.CompletedTask,
                _ => owner.Grant is { } grant ? WriteAsync(step.Act, owner, grant, n) : Task.CompletedTask,
            };
        }

        /// <summary>At the end: Redis as the model has it, and whoever takes it next finds all as if nothing had been trimmed.</summary>
        public async Task CheckAsync()
        {
            await ReadAsync(0, int.MaxValue);
            var owner = await log.FindOwnerAsync(session);
            var expected = _model.Token.Length == 0
                ? null
                : new OwnerRecord(_model.Token, _model.Instance, _model.Released, _model.Running is not null);
            Assert.Equal(expected, owner);

            var grant = (await log.TakeAsync(session, _model.Token, "last"))!;
            Assert.Equal((_model.Log.Count, _model.FirstKept, _model.Checkpoint), (grant.LastSeq, grant.FirstKept, grant.CheckpointSeq));
            var (state, writers) = await log.HydrateAsync(grant);
            Assert.Equal(Told(Fold()), Told(state));
            for (var seq = Math.Max(_model.FirstKept - 1, 1); seq <= _model.Log.Count; seq++)
            {
                Assert.Equal(_model.NonceOf(seq), writers.CursorOf(seq).Nonce);
            }
        }

        private Task WriteAsync(Act act, Owner owner, WriteGrant grant, int n) => act switch
        {
            Act.Append => AppendAsync(owner, grant, n, isHeard: true, skew: 0),
            Act.AppendUnheard => AppendAsync(owner, grant, n, isHeard: false, skew: 0),
            Act.AppendElsewhere => AppendAsync(owner, grant, n, isHeard: true, skew: n % 2 == 0 ? 1 : -1),
            Act.Checkpoint => CheckpointAsync(owner, grant, n),
            Act.Release => DeliverAsync(Sent(new Request(
                () => log.ReleaseAsync(grant, $"why {n}"), () => _model.Release(grant.Token, $"why {n}")))),
            _ => throw new ArgumentOutOfRangeException(nameof(act)),
        };

        private async Task TakeAsync(Step step, string observed, bool forced)
        {
            var instance = $"pod-{step.Owner}";
            var mayTake = _model.MayTake(observed, forced);
            var grant = await log.TakeAsync(session, observed, instance, forced);
            Assert.Equal(mayTake, grant is not null);
            if (grant is null)
            {
                return;
            }

            _model.Taken(grant.Token, instance, forced);
            Assert.Equal(_model.Tokens.Count - 1, grant.Epoch);
            var (state, writers) = await log.HydrateAsync(grant);
            Assert.Equal(Told(Fold()), Told(state));
            _owners[step.Owner] = new Owner { Grant = grant, Writers = writers, States = [state] };
        }

        private async Task AppendAsync(Owner owner, WriteGrant grant, int n, bool isHeard, int skew)
        {
            var (request, after) = owner.Unheard ?? Draft(owner, grant, n, skew);
            var outcome = await DeliverAsync(request);
            owner.IsSound &= skew == 0;
            if (owner is { IsSound: true, Unheard: null } && grant.Token == _model.Token)
            {
                Assert.Equal(AppendOutcome.Ok, outcome); // an owner that knows where the log ends meets no gap
            }

            owner.Unheard = isHeard || skew != 0 ? null : (request, after);
            if (isHeard && outcome is AppendOutcome.Ok)
            {
                owner.States.AddRange(after);
            }
        }

        private (Request Request, List<SessionState> After) Draft(Owner owner, WriteGrant grant, int n, int skew)
        {
            var (state, batch) = (owner.States[^1], Guid.NewGuid().ToString("N"));
            var (events, after, first) = (new List<string>(), new List<SessionState>(), state.Seq + 1 + skew);
            for (var i = 0; i <= n % 4; i++)
            {
                var happened = Next(state, grant.Token, n + i) with { Seq = first + i, At = DateTimeOffset.UnixEpoch.AddMilliseconds(n) };
                events.Add(WireJson.Write(happened));
                after.Add(state = state.Apply(happened));
            }

            var content = new LogBatch(events, state.Running?.Id);
            return (Sent(new Request(
                () => log.AppendAsync(grant, first, batch, Facts, TimeToLive, content),
                () => _model.Append(grant.Token, first, batch, content))), skew == 0 ? after : []);
        }

        // What a session would say next; each event bears its writer's token.
        private static SessionEvent Next(SessionState state, string token, int n) => state switch
        {
            { Seq: 0 } => new SessionOpened("demo", "standard", token),
            { Running: { } running } => n % 3 == 0
                ? new TurnCompleted("stop", new TokenUsage(1, n), 1) { Turn = running.Id }
                : new TokenProduced($"{token} ", running.Build is null ? "f" : null, running.Build is null ? new BuildId("c", "p", "m", "k") : null) { Turn = running.Id },
            { Waiting: [var waiting, ..] } => new TurnStarted(waiting.Id, new Dictionary<string, long>()) { Turn = waiting.Turn },
            _ => new InputAccepted(string.Create(CultureInfo.InvariantCulture, $"i{state.Seq}"), token) { Turn = $"t{state.Seq}-{token}" },
        };

        private async Task CheckpointAsync(Owner owner, WriteGrant grant, int n)
        {
            SessionState[] quiet = [.. owner.States.Where(state => state is { Running: null, Seq: > 0 })];
            if (quiet.Length == 0)
            {
                return;
            }

            var checkpoint = StoredCheckpoint.Of(quiet[n % quiet.Length]);
            var keepFrom = Math.Max(1, checkpoint.Seq + 1 - (n % 5));
            await DeliverAsync(Sent(new Request(
                () => log.CheckpointAsync(grant, checkpoint, keepFrom, TimeToLive, owner.Writers.EndedBefore(keepFrom)),
                () => _model.Write(grant.Token, checkpoint.Seq, keepFrom))));
        }

        private async Task ReadAsync(long after, int most)
        {
            var page = await log.ReadAsync(session, after, most);
            Assert.Equal(_model.FirstKept, page.FirstKept);
            Assert.Equal(_model.Read(after, most), page.Events.Select(logged => (logged.Seq, logged.Json)));
            Assert.All(page.Events, logged => Assert.Equal(logged.Seq, WireJson.ReadEvent(logged.Json).Seq));
        }

        private Request Sent(Request request)
        {
            _sent.Add(request);
            return request;
        }

        private static async Task<AppendOutcome> DeliverAsync(Request request)
        {
            var outcome = await request.Send();
            Assert.Equal(request.Expect(), outcome);
            return outcome;
        }

        private SessionState Fold() => _model.Log.Aggregate(SessionState.Empty, (state, json) => state.Apply(WireJson.ReadEvent(json)));

        private static string Told(SessionState state) =>
            $"{JsonSerializer.Serialize(SessionCheckpoint.Of(state), WireJson.Types.SessionCheckpoint)} {state.Running?.Id} {state.Running?.PartialText}";
    }
}
