using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Agent.Guards;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.Guards;

public class AnswerGuardsTests
{
    private readonly VirtualTime _time = new();
    private readonly Subject<SessionEvent> _answer = new();
    private readonly BehaviorSubject<LiveKnobs> _knobs = new(new LiveKnobs());

    [Fact]
    public void Loop_ThresholdLowered_JudgesTheRunThatIsThere()
    {
        _knobs.OnNext(Knobs(loopRun: 100));
        var seen = Watch();
        for (var i = 1; i <= 7; i++)
        {
            Say(i * 10, "la");
        }

        _time.At(500, () => _knobs.OnNext(Knobs(loopRun: 8)));
        _time.At(600, () => _knobs.OnNext(Knobs(loopRun: 7)));
        _time.RunTo(1_000);

        Assert.Equal(["600 guard.tripped loop", "600 turn.failed loop-detected", "600 end"], seen[7..]);
    }

    [Fact]
    public void Answer_EndsOrFails_PassesOnAndLetsGo()
    {
        var seen = Watch();
        Say(50, "a");
        _time.At(200, () => _answer.OnError(new InvalidOperationException("broken")));
        _time.RunTo(60_000);

        Assert.Equal(["50 token a", "200 error: broken"], seen);
        Assert.False(_answer.HasObservers);
        Assert.False(_knobs.HasObservers);
    }

    private static LiveKnobs Knobs(int loopRun) => new() { Guards = new GuardKnobs { LoopRun = loopRun } };

    private void Say(long at, string text) => _time.At(at, () => _answer.OnNext(new TokenProduced(text)));

    private Recording<string> Watch() => _time.Record(_answer
        .Guard(_knobs, "turn")
        .Select(happened => happened switch
        {
            TokenProduced token => $"token {token.Text}",
            GuardTripped tripped => $"guard.tripped {tripped.Guard}",
            TurnFailed failed => $"turn.failed {failed.Error}",
            _ => happened.GetType().Name,
        }));
}
