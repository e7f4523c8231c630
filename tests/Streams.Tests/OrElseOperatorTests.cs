using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests;

public class OrElseOperatorTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void OrElse_SourceSpeaks_TheNextIsNeverMade()
    {
        var seen = _time.Record(_time.Hot((100, "a"), (200, "b")).Take(2).OrElse(_ => throw new InvalidOperationException("made")));
        _time.RunTo(1_000);

        Assert.Equal(["100 a", "200 b", "200 end"], seen);
    }

    [Fact]
    public void OrElse_FailsBeforeTheFirstElement_GoesOnWithTheNextOfItsError()
    {
        var source = new SubscriptionSpans<string>(_time, Fails(100, "broken"));
        var next = new SubscriptionSpans<string>(_time, _time.Hot((300, "b")).Take(1));
        Exception? why = null;

        var seen = _time.Record(source.OrElse(error =>
        {
            why = error;
            return next;
        }));
        _time.RunTo(1_000);

        Assert.Equal(["300 b", "300 end"], seen);
        Assert.Equal("broken", why?.Message);
        Assert.Equal(["0-100"], source);
        Assert.Equal(["100-300"], next);
    }

    [Fact]
    public void OrElse_CompletesEmpty_GoesOnWithTheNextOfThat()
    {
        var seen = _time.Record(Observable.Empty<string>().OrElse(error => Observable.Return(error.GetType().Name)));

        Assert.Equal(["0 EmptyStreamException", "0 end"], seen);
    }

    [Fact]
    public void OrElse_FailsAfterTheFirstElement_Fails()
    {
        var seen = _time.Record(_time.Hot((100, "a")).Merge(Fails(200, "cut")).OrElse(_ => Observable.Return("b")));
        _time.RunTo(1_000);

        Assert.Equal(["100 a", "200 error: cut"], seen);
    }

    [Fact]
    public void OrElse_FinalError_Fails()
    {
        var final = Fails(100, "final").OrElse(_ => Observable.Return("b"), error => error.Message == "final");
        var other = Fails(200, "other").OrElse(_ => Observable.Return("b"), error => error.Message == "final");

        var seen = (_time.Record(final), _time.Record(other));
        _time.RunTo(1_000);

        Assert.Equal(["100 error: final"], seen.Item1);
        Assert.Equal(["200 b", "200 end"], seen.Item2);
    }

    [Fact]
    public void OrElse_InARow_EachIsTriedUntilOneSpeaks()
    {
        var seen = _time.Record(Fails(100, "A").OrElse(_ => Fails(200, "B")).OrElse(error => Observable.Return($"after {error.Message}")));
        _time.RunTo(1_000);

        Assert.Equal(["200 after B", "200 end"], seen);
    }

    [Fact]
    public void OrElse_NextThrowsOrFails_Fails()
    {
        var seen = (
            _time.Record(Fails(100, "A").OrElse(_ => throw new InvalidOperationException("thrown"))),
            _time.Record(Fails(100, "A").OrElse(_ => Fails(200, "B"))));
        _time.RunTo(1_000);

        Assert.Equal(["100 error: thrown"], seen.Item1);
        Assert.Equal(["200 error: B"], seen.Item2);
    }

    [Fact]
    public void OrElse_SubscribedTwice_EachBeginsAnew()
    {
        var stream = Observable.Defer(() => Fails(_time.Now + 100, "A")).OrElse(_ => Observable.Return("b"));

        Assert.Equal(2, new[] { _time.Record(stream), _time.Record(stream) }.Count(seen =>
        {
            _time.RunTo(1_000);
            return seen is ["100 b", "100 end"];
        }));
    }

    [Theory]
    [InlineData(50)]
    [InlineData(150)]
    public void OrElse_Disposed_LetsGo(int at)
    {
        var (source, next) = (new Subject<string>(), new Subject<string>());
        _time.At(100, () => source.OnError(new InvalidOperationException("broken")));
        var seen = _time.Record(source.OrElse(_ => next));
        _time.RunTo(at);

        seen.Dispose();

        Assert.False(source.HasObservers);
        Assert.False(next.HasObservers);
        Assert.Empty(seen);
    }

    private IObservable<string> Fails(long at, string message) =>
        _time.Hot((at, "")).SelectMany(_ => Observable.Throw<string>(new InvalidOperationException(message)));
}
