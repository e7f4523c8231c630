using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;
using CsCheck;

namespace AspireAgent.Streams.Tests;

public class SlidingOperatorTests
{
    private readonly VirtualTime _time = new();
    private readonly BehaviorSubject<int> _size = new(2);

    [Fact]
    public void SlidingBy_Items_ShowsTheNewest()
    {
        var seen = _time.Record(Sliding(_time.Hot((100, "a"), (200, "b"), (300, "c"))));
        _time.RunTo(1_000);

        Assert.Equal(["100 a", "200 ab", "300 bc"], seen);
    }

    [Fact]
    public void SlidingBy_SizeChanges_LosesNothingThatIsKept()
    {
        _time.At(250, () => _size.OnNext(3));
        _time.At(350, () => _size.OnNext(1));
        _time.At(360, () => _size.OnNext(1));
        _time.At(450, () => _size.OnNext(4));

        var seen = _time.Record(Sliding(_time.Hot((100, "a"), (200, "b"), (300, "c"), (400, "d"))));
        _time.RunTo(1_000);

        Assert.Equal(["100 a", "200 ab", "250 ab", "300 abc", "350 c", "400 d", "450 abcd"], seen);
    }

    [Fact]
    public void SlidingBy_SourceEnds_Ends()
    {
        var seen = _time.Record(Sliding(_time.Hot((100, "a")).Take(1)));
        _time.RunTo(1_000);

        Assert.Equal(["100 a", "100 end"], seen);
        Assert.False(_size.HasObservers);
    }

    [Fact]
    public void SlidingBy_SourceFails_FailsAndLetsGo()
    {
        var source = new Subject<string>();
        _time.At(100, () => source.OnError(new InvalidOperationException("broken")));

        var seen = _time.Record(Sliding(source));
        _time.RunTo(1_000);

        Assert.Equal(["100 error: broken"], seen);
        Assert.False(_size.HasObservers);
    }

    [Fact]
    public void SlidingBy_Disposed_LetsGo()
    {
        var source = _time.Hot((100, "a"));
        Sliding(source).Subscribe().Dispose();

        Assert.False(source.HasObservers);
        Assert.False(_size.HasObservers);
    }

    /// <summary>Gotcha 1: whatever the order of items and changes, the window is the newest items of the whole stream.</summary>
    [Fact]
    public void SlidingBy_AnyOrderOfItemsAndSizes_IsAlwaysTheNewestOfAll() =>
        Gen.OneOf(Gen.Int[1, 12].Select(size => (Size: size, Item: -1)), Gen.Int[0, 99].Select(item => (Size: 0, Item: item)))
            .Array[0, 60]
            .Sample(
                steps =>
                {
                    using var source = new Subject<int>();
                    using var size = new BehaviorSubject<int>(3);
                    IReadOnlyList<int> window = [];
                    using var subscription = source.SlidingBy(size, most: 10).Subscribe(now => window = now);
                    var (all, wanted) = (new List<int>(), 3);
                    foreach (var (newSize, item) in steps)
                    {
                        if (newSize > 0)
                        {
                            size.OnNext(wanted = newSize);
                        }
                        else
                        {
                            all.Add(item);
                            source.OnNext(item);
                        }

                        Assert.Equal(all.TakeLast(Math.Min(wanted, 10)), window);
                    }
                },
                iter: 1_000);

    private IObservable<string> Sliding(IObservable<string> source) => source.SlidingBy(_size, most: 10).Select(window => string.Concat(window));
}
