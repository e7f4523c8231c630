using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Contracts.Config;
using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.Models.Calls;

public class SpeechGuardsTests
{
    private readonly VirtualTime _time = new();
    private readonly BehaviorSubject<LiveKnobs> _knobs = new(new LiveKnobs());

    [Fact]
    public void Stall_WaitForTheModelTooLong_IsAFault()
    {
        var seen = Watch(_time.Hot((100, true)));
        _time.RunTo(60_000);

        Assert.Equal(["5100 Stalled nothing for 5.0 s"], seen[..1]);
    }

    [Fact]
    public void Stall_UpdatesWithoutText_AreSignsOfLife()
    {
        var seen = Watch(_time.Hot([.. Enumerable.Range(0, 20).SelectMany(i => new[] { (i * 1_000L, true), ((i * 1_000L) + 900, false) })]));
        _time.RunTo(19_950);

        Assert.Empty(seen);
    }

    [Fact]
    public void Stall_WhileTheLogMakesUsWait_IsNotCounted()
    {
        var seen = Watch(_time.Hot((100, true), (200, false))); // and no pull since: there is no room
        _time.RunTo(60_000);

        Assert.Empty(seen);
    }

    [Fact]
    public void Stall_RoutesPatienceIsShorter_Holds()
    {
        var seen = Watch(_time.Hot((100, true)), tokenTimeout: TimeSpan.FromSeconds(2));
        _time.RunTo(3_000);

        Assert.Equal(["2100 Stalled nothing for 2.0 s"], seen);
    }

    [Fact]
    public void Drip_BelowTheKnobsRate_IsAFaultAndAHigherRateIsNone()
    {
        var marks = Enumerable.Range(0, 60).SelectMany(i => new[] { (i * 1_000L, true), ((i * 1_000L) + 999, false) }).ToArray();
        var patient = Watch(_time.Hot(marks)); // one a second
        _knobs.OnNext(new LiveKnobs { Guards = new GuardKnobs { DripTokensPerSecond = 2 } });
        _time.RunTo(9_000);
        Assert.Empty(patient);
        _time.RunTo(12_000);

        Assert.Contains("SlowDrip", Assert.Single(patient), StringComparison.Ordinal);
    }

    [Fact]
    public void Total_AnswerThatNeverEnds_IsAFault()
    {
        var seen = Watch(_time.Hot((0, true), (100, false)), totalTimeout: TimeSpan.FromSeconds(20));
        _time.RunTo(60_000);

        Assert.Equal(["20000 Timeout no end after 20.0 s"], seen);
    }

    [Fact]
    public void Faults_TheAnswerEnds_EndAndLetGo()
    {
        var waits = new Subject<bool>();
        var seen = Watch(waits);
        waits.OnNext(true);
        waits.OnCompleted();
        _time.RunTo(3_600_000);

        Assert.Equal(["0 end"], seen);
        Assert.False(_knobs.HasObservers);
    }

    private Recording<string> Watch(IObservable<bool> waits, TimeSpan? tokenTimeout = null, TimeSpan? totalTimeout = null) => _time.Record(SpeechGuards
        .Faults(
            waits,
            new ModelRoute("a", "a", new FakeChatClient(), 8_000)
            {
                TokenTimeout = tokenTimeout ?? TimeSpan.FromSeconds(30),
                TotalTimeout = totalTimeout ?? TimeSpan.FromMinutes(10),
            },
            _knobs, () => new GuardKnobs(), _time.Scheduler)
        .Select(fault => $"{fault.Failure} {fault.Detail}"));
}
