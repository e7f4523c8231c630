using System.Reactive;
using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Reactive.Subjects;

namespace AspireAgent.Testing;

/// <summary>A clock that only the test moves, in milliseconds from 0, over Rx's own <see cref="HistoricalScheduler"/>.</summary>
public sealed class VirtualTime
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public HistoricalScheduler Scheduler { get; } = new(Start);

    public long Now => (long)(Scheduler.Now - Start).TotalMilliseconds;

    /// <summary>Emits each item at its time, whoever listens; it does not end by itself.</summary>
    public Subject<T> Hot<T>(params (long At, T Item)[] items)
    {
        var subject = new Subject<T>();
        foreach (var (at, item) in items)
        {
            At(at, () => subject.OnNext(item));
        }

        return subject;
    }

    /// <summary>Does something at a time.</summary>
    public void At(long milliseconds, Action action) => Scheduler.Schedule(Start.AddMilliseconds(milliseconds), action);

    public void RunTo(long milliseconds) => Scheduler.AdvanceTo(Start.AddMilliseconds(milliseconds));

    /// <summary>Writes down what happens and when: <c>"200 a"</c>, <c>"300 end"</c>, <c>"300 error: text"</c>.</summary>
    public Recording<T> Record<T>(IObservable<T> source) => new(this, source);
}

/// <summary>What a stream did.</summary>
public sealed class Recording<T> : List<string>, IDisposable
{
    private readonly IDisposable _subscription;

    internal Recording(VirtualTime time, IObservable<T> source) => _subscription = source.Subscribe(Observer.Create<T>(
        item => Add($"{time.Now} {item}"), error => Add($"{time.Now} error: {error.Message}"), () => Add($"{time.Now} end")));

    public void Dispose() => _subscription.Dispose();
}
