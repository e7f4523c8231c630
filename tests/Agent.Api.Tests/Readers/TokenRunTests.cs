using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Readers;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using CsCheck;

namespace AspireAgent.Agent.Tests.Readers;

public class TokenRunTests
{
    private static readonly BuildId Build = new("code", "prompt", "model", "none");

    [Fact]
    public void Coalesce_RunOfTokens_IsOneFromTheFirstToTheLast()
    {
        var told = TokenRun.Coalesce(Log(
            new TurnStarted("1", new Dictionary<string, long>()) { Turn = "a" },
            new TokenProduced("Hel", "f", Build) { Turn = "a" },
            new TokenProduced("lo ") { Turn = "a" },
            new TokenProduced("you") { Turn = "a" },
            new ModelSwitched("x", "y", "crash", SwitchedHow.Restart) { Turn = "a" },
            new TokenProduced("Hi", "g", Build) { Turn = "a" }));

        Assert.Equal([1L, 4L, 5L, 6L], told.Select(logged => logged.Seq));
        var run = Assert.IsType<TokenProduced>(WireJson.ReadEvent(told[1].Json));
        Assert.Equal(("Hello you", 2, 4, "f", Build), (run.Text, run.From, run.Seq, run.Fingerprint, run.BuildId));
        Assert.Null(Assert.IsType<TokenProduced>(WireJson.ReadEvent(told[3].Json)).From); // one alone is as the log has it
    }

    /// <summary>S3: nothing is lost, whatever follows what.</summary>
    [Fact]
    public void Coalesce_AnyLog_LosesNothingAndLeavesNoGap() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 2], Gen.String[Gen.Char.AlphaNumeric, 0, 3]).Array[0, 60].Sample(drawn =>
        {
            var log = Log([.. drawn.Select(d => (SessionEvent)(d.Item1 switch
            {
                0 => new ModelSwitched("x", "y", "crash", SwitchedHow.Restart) { Turn = $"{d.Item2}" },
                1 => new TokenProduced(d.Item3, "f", Build) { Turn = $"{d.Item2}" },
                2 => new TurnCompleted("stop", new TokenUsage(1, 1), 1) { Turn = $"{d.Item2}" },
                _ => new TokenProduced(d.Item3) { Turn = $"{(d.Item1 < 8 ? 0 : d.Item2)}" },
            }))]);

            var told = TokenRun.Coalesce(log);

            Assert.Equal(Text(log), Text(told));
            Assert.Equal(
                log.Where(logged => logged.Type != LoggedEvent.Token).Select(logged => logged.Json),
                told.Where(logged => logged.Type != LoggedEvent.Token).Select(logged => logged.Json));
            var next = 1L;
            foreach (var logged in told)
            {
                var happened = WireJson.ReadEvent(logged.Json);
                Assert.Equal(next, (happened as TokenProduced)?.From ?? happened.Seq);
                Assert.Equal(logged.Seq, happened.Seq);
                next = happened.Seq + 1;
            }

            Assert.Equal(log.Count + 1, next);
            Assert.Equal(Named(log), Named(told));
        });

    private static List<LoggedEvent> Log(params SessionEvent[] events) =>
        [.. events.Select((happened, i) => LoggedEvent.Of(happened with { Seq = i + 1, At = DateTimeOffset.UnixEpoch.AddSeconds(i) }))];

    private static Dictionary<string, string> Text(IEnumerable<LoggedEvent> log) => Tokens(log)
        .GroupBy(token => token.Turn!).ToDictionary(turn => turn.Key, turn => string.Concat(turn.Select(token => token.Text)));

    private static int Named(IEnumerable<LoggedEvent> log) => Tokens(log).Count(token => token.Fingerprint is not null);

    private static IEnumerable<TokenProduced> Tokens(IEnumerable<LoggedEvent> log) =>
        log.Select(logged => WireJson.ReadEvent(logged.Json)).OfType<TokenProduced>();
}
