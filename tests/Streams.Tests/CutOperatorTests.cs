using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests;

public class CutOperatorTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void CutBy_Cut_SaysTheLastWordAndLetsTheSourceGo()
    {
        var source = _time.Hot((100, "a"), (200, "b"), (300, "c"));
        var cut = _time.Hot((250, "user"));

        var seen = _time.Record(source.CutBy(cut, by => $"cut by {by}"));
        _time.RunTo(1_000);

        Assert.Equal(["100 a", "200 b", "250 cut by user", "250 end"], seen);
        Assert.False(source.HasObservers);
        Assert.False(cut.HasObservers);
    }

    [Fact]
    public void CutBy_CutIsThereAlready_LetsNothingThrough()
    {
        var cut = new ReplaySubject<string>(1);
        cut.OnNext("early");

        var begun = 0;
        var source = Observable.Defer(() =>
        {
            begun++;
            return _time.Hot((100, "a"));
        });

        var seen = _time.Record(source.CutBy(cut, by => by));
        _time.RunTo(1_000);

        Assert.Equal(["0 early", "0 end"], seen);
        Assert.Equal(0, begun);
    }

    [Fact]
    public void CutBy_SourceEndsFirst_TheCutSaysNothing()
    {
        var cut = _time.Hot((500, "late"));

        var seen = _time.Record(_time.Hot((100, "a")).Take(1).CutBy(cut, by => by));
        _time.RunTo(1_000);

        Assert.Equal(["100 a", "100 end"], seen);
        Assert.False(cut.HasObservers);
    }

    [Fact]
    public void CutBy_SourceFails_FailsAndLetsTheCutGo()
    {
        var (source, cut) = (new Subject<string>(), new Subject<string>());
        var seen = _time.Record(source.CutBy(cut, by => by));

        source.OnError(new InvalidOperationException("broken"));

        Assert.Equal(["0 error: broken"], seen);
        Assert.False(cut.HasObservers);
    }

    [Fact]
    public void CutBy_CutCompletesSilently_ChangesNothing()
    {
        var (source, cut) = (new Subject<string>(), new Subject<string>());
        var seen = _time.Record(source.CutBy(cut, by => by));

        cut.OnCompleted();
        source.OnNext("a");
        source.OnCompleted();

        Assert.Equal(["0 a", "0 end"], seen);
    }

    [Fact]
    public async Task CutBy_CutAmongItemsOfAnotherThread_NothingFollowsTheLastWord()
    {
        for (var round = 0; round < 2_000; round++)
        {
            var (source, cut, seen) = (new Subject<string>(), new Subject<string>(), new List<string>());
            using var subscription = source.CutBy(cut, by => by).Subscribe(seen.Add);
            using var ready = new Barrier(2);
            var speaking = Task.Run(() =>
            {
                ready.SignalAndWait();
                for (var i = 0; i < 20; i++)
                {
                    source.OnNext("a");
                }
            });
            ready.SignalAndWait();
            cut.OnNext("last");
            await speaking;

            Assert.Equal("last", seen[^1]);
            Assert.Single(seen, "last");
        }
    }

    [Fact]
    public void CutBy_Disposed_LetsBothGo()
    {
        var (source, cut) = (new Subject<string>(), new Subject<string>());

        _time.Record(source.CutBy(cut, by => by)).Dispose();

        Assert.False(source.HasObservers);
        Assert.False(cut.HasObservers);
    }
}
