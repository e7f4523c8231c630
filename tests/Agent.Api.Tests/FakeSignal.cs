using System.Reactive.Linq;
using System.Reactive.Subjects;
using AspireAgent.Signals;

namespace AspireAgent.Agent.Tests;

/// <summary>A signal that the test sets.</summary>
internal sealed class FakeSignal<T>(T first) : ISignal<T>
{
    private readonly BehaviorSubject<SignalValue<T>> _values = new(new SignalValue<T>(1, first));

    public SignalValue<T>? Current => _values.Value;

    public IObservable<SignalValue<T>> Heard => _values.AsObservable();

    public bool HasObservers => _values.HasObservers;

    public void Set(T value) => _values.OnNext(new SignalValue<T>(_values.Value.Revision + 1, value));

    public void Beat() => _values.OnNext(_values.Value);

    public IDisposable Subscribe(IObserver<SignalValue<T>> observer) => _values.Subscribe(observer);
}
