using System.Reactive.Concurrency;
using System.Reactive.Linq;

namespace AspireAgent.Streams.Breakers;

/// <summary><see cref="StepwiseRecovery"/>: no rush on a route that has only just come back.</summary>
public static class StepwiseRecoveryOperator
{
    /// <summary>
    /// The share of the traffic that a route should get. All of it (1) while its breaker is closed from the beginning; none while it is
    /// open or half-open; where it closes after that, the <paramref name="steps"/> one by one and then all. Opening again ends the steps at once.
    /// </summary>
    /// <remarks>The first share of each state is told with it. Fails with <paramref name="states"/>; completes with it, a recovery that runs comes to its end.</remarks>
    /// <param name="states">A breaker's <see cref="CircuitBreaker.States"/>.</param>
    /// <param name="steps">Shares from 0 to 1, rising.</param>
    /// <param name="step">How long each lasts, by a fifth more or less at random; asked at each closing. Zero: no steps.</param>
    /// <param name="random">Used by one thread at a time.</param>
    /// <param name="scheduler">The clock.</param>
    public static IObservable<double> StepwiseRecovery(
        this IObservable<BreakerState> states, IReadOnlyList<double> steps, Func<TimeSpan> step, Random random, IScheduler scheduler)
    {
        ArgumentNullException.ThrowIfNull(states);
        ArgumentNullException.ThrowIfNull(steps);
        ArgumentNullException.ThrowIfNull(step);
        return states
            .Select(state => state is BreakerState.Closed)
            .DistinctUntilChanged()
            .Select((isClosed, index) => (isClosed, index) switch
            {
                (false, _) => Observable.Return(0.0),
                (true, 0) => Observable.Return(1.0),
                _ => Recovery(step()),
            })
            .Switch();

        IObservable<double> Recovery(TimeSpan each) => steps.Count == 0 || each <= TimeSpan.Zero
            ? Observable.Return(1.0)
            : Observable.Generate(
                1, index => index <= steps.Count, index => index + 1, index => index < steps.Count ? steps[index] : 1,
                _ => each * random.AFifthMoreOrLess(), scheduler).StartWith(steps[0]);
    }
}
