using System.Reactive.Linq;

namespace AspireAgent.Streams;

/// <summary><see cref="DistinctByRevision"/>.</summary>
public static class RevisionOperator
{
    /// <summary>
    /// Leaves out items of the same revision as the one before. A lower revision passes: whoever must not go back says so at the source,
    /// where a store that was reset can be told from one that lags.
    /// </summary>
    /// <remarks>Completes and fails with the source.</remarks>
    public static IObservable<T> DistinctByRevision<T>(this IObservable<T> source, Func<T, long> revision) =>
        source.DistinctUntilChanged(revision);
}
