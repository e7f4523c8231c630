using System.Reactive.Concurrency;
using System.Reactive.Disposables;
using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests;

public class HedgeOperatorTests
{
    private readonly VirtualTime _time = new();

    [Fact]
    public void Hedge_PrimaryInTime_TheBackupIsNeverBegun()
    {
        var (a, b) = (Spans(After(1_900, "a")), Spans(After(300, "b")));

        var seen = Run(a, b);

        Assert.Equal(["1900 a", "1900 end"], seen);
        Assert.Equal(["0-1900"], a);
        Assert.Empty(b);
    }

    [Fact]
    public void Hedge_PrimarySlow_TheBackupWinsAndThePrimaryIsLetGo()
    {
        var (a, b) = (Spans(After(2_500, "a")), Spans(After(300, "b")));

        var seen = Run(a, b);

        Assert.Equal(["2300 b", "2300 end"], seen);
        Assert.Equal(["0-2300"], a);
        Assert.Equal(["2000-2300"], b);
    }

    [Fact]
    public void Hedge_PrimarySlowBackupSlower_ThePrimaryWinsAndTheBackupIsLetGo()
    {
        var (a, b) = (Spans(After(2_500, "a")), Spans(After(700, "b")));

        var seen = Run(a, b);

        Assert.Equal(["2500 a", "2500 end"], seen);
        Assert.Equal(["2000-2500"], b);
    }

    [Fact]
    public void Hedge_PrimaryFailsAtOnce_TheBackupBeginsAtOnce()
    {
        var (a, b) = (Spans(Observable.Throw<string>(new InvalidOperationException("A"))), Spans(After(300, "b")));

        var seen = Run(a, b, mayHedge: () => false);

        Assert.Equal(["300 b", "300 end"], seen);
        Assert.Equal(["0-0"], a);
        Assert.Equal(["0-300"], b);
    }

    [Theory]
    [InlineData(500, "500-800")]
    [InlineData(2_500, "2500-2800")]
    public void Hedge_PrimaryFailsLaterAndMayNotHedge_TheBackupBeginsThen(int failure, string span)
    {
        var (a, b) = (Spans(Fails(failure, "A")), Spans(After(300, "b")));

        var seen = Run(a, b, mayHedge: () => false);

        Assert.Equal([$"{failure + 300} b", $"{failure + 300} end"], seen);
        Assert.Equal([$"0-{failure}"], a);
        Assert.Equal([span], b);
    }

    [Fact]
    public void Hedge_PrimaryEmpty_TheBackupBeginsAtOnce()
    {
        var seen = Run(Observable.Empty<string>(), After(300, "b"));

        Assert.Equal(["300 b", "300 end"], seen);
    }

    [Fact]
    public void Hedge_BackupFails_ThePrimaryGoesOnAlone()
    {
        var b = Spans(Fails(100, "B"));

        var seen = Run(After(2_500, "a"), b);

        Assert.Equal(["2500 a", "2500 end"], seen);
        Assert.Equal(["2000-2100"], b);
    }

    [Theory]
    [InlineData(500, 300, 800)] // A starts B by its failure
    [InlineData(2_100, 300, 2_300)] // A fails while B runs
    [InlineData(2_500, 100, 2_500)] // B fails while A runs
    public void Hedge_BothFail_OneErrorNamesBoth(int primary, int backup, int end)
    {
        var (a, b) = (Spans(Fails(primary, "A is down")), Spans(Fails(backup, "B is down")));
        Exception? error = null;

        var seen = Run(a, b, onError: thrown => error = thrown);

        var failed = Assert.IsType<HedgeFailedException>(error);
        Assert.Equal("A is down", failed.Primary.Message);
        Assert.Equal("B is down", failed.Backup.Message);
        Assert.Contains("A is down", failed.Message, StringComparison.Ordinal);
        Assert.Contains("B is down", failed.Message, StringComparison.Ordinal);
        Assert.Equal([$"{end} error: {failed.Message}"], seen);
        Assert.Equal([$"0-{primary}"], a);
        Assert.Single(b);
    }

    [Fact]
    public void Hedge_BothEmpty_BothAreNamed()
    {
        Exception? error = null;

        Run(Observable.Empty<string>(), Observable.Empty<string>(), onError: thrown => error = thrown);

        var failed = Assert.IsType<HedgeFailedException>(error);
        Assert.IsType<EmptyStreamException>(failed.Primary);
        Assert.IsType<EmptyStreamException>(failed.Backup);
    }

    [Theory]
    [InlineData("A", 2_200)]
    [InlineData("B", 2_100)]
    public void Hedge_FinalError_EndsEverythingAtOnce(string final, int end)
    {
        var (a, b) = (Spans(Fails(2_200, "A")), Spans(Fails(100, "B").Concat(Observable.Never<string>())));

        var seen = Run(a, b, isFinal: error => error.Message == final);

        Assert.Equal([$"{end} error: {final}"], seen);
        Assert.Equal([$"0-{end}"], a);
        Assert.StartsWith("2000-2", b[0], StringComparison.Ordinal);
    }

    [Fact]
    public void Hedge_FinalErrorOfThePrimary_TheRunningBackupIsLetGo()
    {
        var b = Spans(After(1_000, "b"));

        var seen = Run(Fails(2_200, "A"), b, isFinal: _ => true);

        Assert.Equal(["2200 error: A"], seen);
        Assert.Equal(["2000-2200"], b);
    }

    [Fact]
    public void Hedge_MayNotHedge_IsAskedOnceAndWaitsForThePrimary()
    {
        var (asked, b) = (new List<long>(), Spans(After(300, "b")));

        var seen = Run(After(9_000, "a"), b, mayHedge: () =>
        {
            asked.Add(_time.Now);
            return false;
        });

        Assert.Equal(["9000 a", "9000 end"], seen);
        Assert.Equal([2_000], asked);
        Assert.Empty(b);
    }

    [Fact]
    public void Hedge_PrimaryHasWonOrFailedBeforeTheDelay_MayHedgeIsNotAsked()
    {
        var asked = 0;
        bool Ask() => ++asked > 0;

        Run(After(100, "a").Concat(After(5_000, "b")), Observable.Never<string>(), mayHedge: Ask);
        Run(Fails(100, "A"), Observable.Never<string>(), mayHedge: Ask);

        Assert.Equal(0, asked);
    }

    [Fact]
    public void Hedge_MayHedgeThrows_FailsAndLetsGo()
    {
        var a = Spans(Observable.Never<string>());

        var seen = Run(a, Observable.Never<string>(), mayHedge: () => throw new InvalidOperationException("asked"));

        Assert.Equal(["2000 error: asked"], seen);
        Assert.Equal(["0-2000"], a);
    }

    [Fact]
    public void Hedge_Never_OnlyAFailureStartsTheBackup()
    {
        var b = Spans(After(300, "b"));

        var seen = _time.Record(Fails(7_000, "A").Hedge(b, Timeout.InfiniteTimeSpan, _time.Scheduler));
        _time.RunTo(10_000);

        Assert.Equal(["7300 b", "7300 end"], seen);
        Assert.Equal(["7000-7300"], b);
    }

    [Fact]
    public void Hedge_WinnerFailsLater_PassesItsErrorOnAndStartsNothing()
    {
        var b = Spans(After(300, "b"));

        var seen = Run(After(100, "a").Concat(Fails(5_000, "cut")), b, isFinal: _ => false);

        Assert.Equal(["100 a", "5100 error: cut"], seen);
        Assert.Empty(b);
    }

    [Fact]
    public void Hedge_BackupWins_AllItsElementsPass()
    {
        var seen = Run(After(9_000, "a"), After(300, "b").Concat(After(100, "c")).Concat(Fails(100, "cut")));

        Assert.Equal(["2300 b", "2400 c", "2500 error: cut"], seen);
    }

    [Fact]
    public void Hedge_TheLoserIsGoneBeforeTheWinnersElementIsSeen()
    {
        var (a, b) = (new Subject<string>(), new Subject<string>());
        var hadObservers = new List<bool>();
        using var subscription = a.Hedge(b, TimeSpan.FromSeconds(2), _time.Scheduler).Subscribe(_ => hadObservers.Add(a.HasObservers));
        _time.RunTo(2_500);

        b.OnNext("b");

        Assert.Equal([false], hadObservers);
    }

    [Fact]
    public void Hedge_SourcesThatEmitInTheirSubscription_OneWins()
    {
        var b = Spans(Observable.Return("b"));

        var first = Run(Observable.Return("a"), b);
        var second = Run(Observable.Never<string>(), b);

        Assert.Equal(["0 a", "0 end"], first);
        Assert.Equal(["12000 b", "12000 end"], second);
        Assert.Equal(["12000-12000"], b);
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(2_500)]
    public void Hedge_Disposed_LetsBothGoAndStartsNothing(int at)
    {
        var (a, b) = (new Subject<string>(), new Subject<string>());
        var seen = _time.Record(a.Hedge(b, TimeSpan.FromSeconds(2), _time.Scheduler));
        _time.RunTo(at);

        seen.Dispose();
        _time.RunTo(5_000);

        Assert.Empty(seen);
        Assert.False(a.HasObservers);
        Assert.False(b.HasObservers);
    }

    [Fact]
    public void Hedge_DisposedWhileThePrimaryFails_TheBackupIsNotBegun()
    {
        var (a, b) = (new DeafSource(), Spans(Observable.Never<string>()));

        _time.Record(a.Hedge(b, TimeSpan.FromSeconds(2), _time.Scheduler)).Dispose();
        a.Observer?.OnError(new InvalidOperationException("A"));

        Assert.Empty(b);
    }

    [Fact]
    public void Hedge_TheLoserSpeaksAllTheSame_NobodyHearsIt()
    {
        var (a, b) = (new DeafSource(), new Subject<string>());
        var seen = _time.Record(a.Hedge(b, TimeSpan.FromSeconds(2), _time.Scheduler, isFinal: _ => true));
        _time.RunTo(2_500);

        b.OnNext("b");
        a.Observer?.OnNext("a");
        a.Observer?.OnError(new InvalidOperationException("A"));
        b.OnNext("c");

        Assert.Equal(["2500 b", "2500 c"], seen);
    }

    [Fact]
    public async Task Hedge_TheWinnersReaderBlocks_NobodyElseDoes()
    {
        var (a, b) = (new Subject<string>(), new Subject<string>());
        using var reading = new ManualResetEventSlim();
        using var read = new ManualResetEventSlim();
        var subscription = a.Hedge(b, TimeSpan.Zero, Scheduler.Immediate).Subscribe(_ =>
        {
            reading.Set();
            read.Wait(TestContext.Current.CancellationToken);
        });

        var blocked = Task.Run(() => a.OnNext("a"));
        reading.Wait(TestContext.Current.CancellationToken);
        b.OnNext("b");
        subscription.Dispose();

        Assert.False(blocked.IsCompleted);
        read.Set();
        await blocked;
    }

    [Fact]
    public async Task Hedge_BothEmitAtOnceOnTwoThreads_ExactlyOneIsSeen()
    {
        for (var round = 0; round < 2_000; round++)
        {
            var (a, b, seen) = (new Subject<string>(), new Subject<string>(), new List<string>());
            using var subscription = a.Hedge(b, TimeSpan.Zero, Scheduler.Immediate).Subscribe(seen.Add);
            using var ready = new Barrier(2);
            var other = Task.Run(() => Speak(b, "b"));
            Speak(a, "a");
            await other;

            Assert.Equal(20, seen.Count);
            Assert.Single(seen.Distinct());

            void Speak(Subject<string> subject, string text)
            {
                ready.SignalAndWait();
                for (var i = 0; i < 20; i++)
                {
                    subject.OnNext(text);
                }
            }
        }
    }

    [Fact]
    public async Task Hedge_BothFailAtOnceOnTwoThreads_OneErrorIsSeen()
    {
        for (var round = 0; round < 2_000; round++)
        {
            var (a, b, errors) = (new Subject<string>(), new Subject<string>(), new List<Exception>());
            using var subscription = a.Hedge(b, TimeSpan.Zero, Scheduler.Immediate).Subscribe(_ => { }, errors.Add);
            using var ready = new Barrier(2);
            var other = Task.Run(() => Fail(b, "B"));
            Fail(a, "A");
            await other;

            var failed = Assert.IsType<HedgeFailedException>(Assert.Single(errors));
            Assert.Equal(("A", "B"), (failed.Primary.Message, failed.Backup.Message));

            void Fail(Subject<string> subject, string text)
            {
                ready.SignalAndWait();
                subject.OnError(new InvalidOperationException(text));
            }
        }
    }

    private Recording<string> Run(
        IObservable<string> primary, IObservable<string> backup, Func<bool>? mayHedge = null, Func<Exception, bool>? isFinal = null,
        Action<Exception>? onError = null)
    {
        var seen = _time.Record(primary.Hedge(backup, TimeSpan.FromSeconds(2), _time.Scheduler, mayHedge, isFinal)
            .Do(_ => { }, onError ?? (_ => { })));
        _time.RunTo(_time.Now + 10_000);
        return seen;
    }

    private SubscriptionSpans<string> Spans(IObservable<string> source) => new(_time, source);

    private IObservable<string> After(int milliseconds, string item) =>
        Observable.Timer(TimeSpan.FromMilliseconds(milliseconds), _time.Scheduler).Select(_ => item);

    private IObservable<string> Fails(int milliseconds, string message) =>
        After(milliseconds, "").SelectMany(_ => Observable.Throw<string>(new InvalidOperationException(message)));

    /// <summary>Speaks whether or not its subscription is disposed, as one that is in the midst of it does.</summary>
    private sealed class DeafSource : IObservable<string>
    {
        public IObserver<string>? Observer { get; private set; }

        public IDisposable Subscribe(IObserver<string> observer)
        {
            Observer = observer;
            return Disposable.Empty;
        }
    }
}
