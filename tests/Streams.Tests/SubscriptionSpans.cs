using System.Reactive.Disposables;
using AspireAgent.Testing;

namespace AspireAgent.Streams.Tests;

/// <summary>Mirrors a source and writes down from when to when it was subscribed: <c>"2000-2300"</c>; <c>"2000-"</c> while it is.</summary>
internal sealed class SubscriptionSpans<T>(VirtualTime time, IObservable<T> source) : List<string>, IObservable<T>
{
    public IDisposable Subscribe(IObserver<T> observer)
    {
        var (index, span) = (Count, $"{time.Now}-");
        Add(span);
        var subscription = source.Subscribe(observer);
        return Disposable.Create(() =>
        {
            subscription.Dispose();
            this[index] = span + time.Now;
        });
    }
}
