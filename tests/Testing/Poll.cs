using System.Diagnostics;

namespace AspireAgent.Testing;

/// <summary>Waits for what other processes do. The limit is for a broken system; a sound one is never near it.</summary>
public static class Poll
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(20);

    /// <summary>Asks until the answer is one.</summary>
    public static Task<T> UntilAsync<T>(Func<Task<T?>> ask, string what)
        where T : class => UntilAsync(ask, () => what);

    /// <summary>Asks until the answer is one; <paramref name="what"/> may tell how far it came.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T?>> ask, Func<string> what)
        where T : class
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < Limit)
        {
            if (await ask() is { } answer)
            {
                return answer;
            }

            await Task.Delay(Every);
        }

        throw new TimeoutException($"Waited {Limit.TotalSeconds} s in vain for {what()}.");
    }

    /// <summary>Asks until it is so.</summary>
    public static Task UntilAsync(Func<Task<bool>> isSo, string what) => UntilAsync(isSo, () => what);

    /// <summary>Asks until it is so; <paramref name="what"/> may tell how far it came.</summary>
    public static Task UntilAsync(Func<Task<bool>> isSo, Func<string> what) =>
        UntilAsync(async () => await isSo() ? "yes" : null, what);

    /// <summary>Asks until it is so.</summary>
    public static Task UntilAsync(Func<bool> isSo, string what) => UntilAsync(() => Task.FromResult(isSo()), what);
}
