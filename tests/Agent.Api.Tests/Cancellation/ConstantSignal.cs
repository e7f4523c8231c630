using System.Reactive.Linq;
using AspireAgent.Signals;

namespace AspireAgent.Agent.Tests.Cancellation;

/// <summary>A signal that never changes.</summary>
internal sealed class ConstantSignal<T>(T value) : ISignal<T>
{
    private readonly SignalValue<T> _value = new(1, value);

    public SignalValue<T>? Current => _value;

    public IObservable<SignalValue<T>> Heard => Observable.Never<SignalValue<T>>().StartWith(_value);

    public IDisposable Subscribe(IObserver<SignalValue<T>> observer) => Heard.Subscribe(observer);
}
