using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Streams;
using Microsoft.Extensions.Hosting;

namespace AspireAgent.Signals;

/// <summary>Either end of a signal: a loop that hears of values, and the signal that it makes of them.</summary>
public abstract class SignalService<T> : BackgroundService, ISignal<T>
{
    private readonly ReplaySubject<SignalValue<T>> _heard = new(1);

    /// <inheritdoc />
    public SignalValue<T>? Current { get; private set; }

    /// <inheritdoc />
    public IObservable<SignalValue<T>> Heard => _heard.AsObservable();

    /// <inheritdoc />
    public IDisposable Subscribe(IObserver<SignalValue<T>> observer) =>
        _heard.DistinctByRevision(value => value.Revision).Subscribe(observer);

    /// <inheritdoc />
    public override void Dispose()
    {
        _heard.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Takes a value, unless a newer one is known; in either case the source lives. Calls come one at a time.</summary>
    protected void Hear(SignalValue<T> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (Current is null || value.Revision > Current.Revision)
        {
            Current = value;
        }

        _heard.OnNext(Current);
    }

    /// <summary>Takes a value although an older one than the last: the store has lost what came after it, and counts anew.</summary>
    protected void Reset(SignalValue<T> value)
    {
        Current = value;
        _heard.OnNext(value);
    }

    /// <summary>Nothing more will be heard: this process ends.</summary>
    protected void End() => _heard.OnCompleted();
}
