namespace AspireAgent.Signals;

/// <summary>
/// A value that changes over time: subscribing replays the current one, then gives each change, in order of revision; only a store
/// that was reset to an older state makes it go back. It never completes and never fails; a source that is down leaves the last
/// value standing.
/// </summary>
public interface ISignal<T> : IObservable<SignalValue<T>>
{
    /// <summary>The value now; null before the first one has come.</summary>
    SignalValue<T>? Current { get; }

    /// <summary>As the signal, but the current value comes again with each sign of life from its source.</summary>
    IObservable<SignalValue<T>> Heard { get; }
}
