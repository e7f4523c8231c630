using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests;

public class SilenceOperatorTests
{
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(100);

    private readonly VirtualTime _time = new();

    [Fact]
    public void OrWhenSilent_SourceFallsSilent_FallsBackUntilItSpeaksAgain()
    {
        var source = _time.Hot((10, "a"), (80, "a"), (300, "b"), (350, "c"));

        var seen = _time.Record(source.OrWhenSilent(Silence, "none", _time.Scheduler));
        _time.RunTo(1_000);

        Assert.Equal(["10 a", "80 a", "180 none", "300 b", "350 c", "450 none"], seen);
    }

    [Fact]
    public void OrWhenSilent_NeverAnything_FallsBackAfterTheSilence()
    {
        var seen = _time.Record(new Subject<string>().OrWhenSilent(Silence, "none", _time.Scheduler));
        _time.RunTo(1_000);

        Assert.Equal(["100 none"], seen);
    }

    [Fact]
    public void OrWhenSilent_SourceCompletes_CompletesAtOnce()
    {
        var seen = _time.Record(_time.Hot((10, "a")).Take(1).OrWhenSilent(Silence, "none", _time.Scheduler));
        _time.RunTo(1_000);

        Assert.Equal(["10 a", "10 end"], seen);
    }

    [Fact]
    public void OrWhenSilent_Disposed_LetsTheSourceGo()
    {
        var source = new Subject<string>();

        _time.Record(source.OrWhenSilent(Silence, "none", _time.Scheduler)).Dispose();

        Assert.False(source.HasObservers);
    }

    [Fact]
    public void OrWhenSilent_SourceFails_Fails()
    {
        var source = new Subject<string>();
        var seen = _time.Record(source.OrWhenSilent(Silence, "none", _time.Scheduler));

        source.OnError(new InvalidOperationException("broken"));

        Assert.Equal(["0 error: broken"], seen);
    }
}
