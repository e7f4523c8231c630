using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AspireAgent.Signals.Publishing;

/// <summary>
/// One end of a signal: reads its source each second and when woken, and offers what it read to every subscriber. While the
/// source is down the last value stands, for those who come too, and those who are there get no sign of life.
/// </summary>
public sealed partial class SignalPublisher<T>(ISignalSource<T> source, TimeProvider time, ILogger<SignalPublisher<T>> logger)
    : SignalService<T>
{
    /// <summary>Longest time between two reads, and between two signs of life.</summary>
    public static readonly TimeSpan ReadEvery = TimeSpan.FromSeconds(1);

    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private TaskCompletionSource<bool> _nextRead = NewRead();

    /// <summary>Reads the source now. When it completes, the signal is not older than this call; false: the source could not be read.</summary>
    public async Task<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        var read = Volatile.Read(ref _nextRead).Task;
        _wakes.Writer.TryWrite(true);
        return await read.WaitAsync(cancellationToken);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        IAsyncDisposable? subscription = null;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                var read = Interlocked.Exchange(ref _nextRead, NewRead());
                try
                {
                    subscription ??= await source.OnWakeAsync(() => _wakes.Writer.TryWrite(true));
                    Take(await source.ReadAsync(stoppingToken));
                    read.SetResult(true);
                }
                catch (Exception exception) when (exception is RedisException or TimeoutException or JsonException)
                {
                    LogSourceDown(typeof(T).Name, exception.GetType().Name);
                    read.SetResult(false);
                }

                await WaitAsync(_wakes.Reader, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal stop.
        }
        finally
        {
            End();
            if (subscription is not null)
            {
                await subscription.DisposeAsync();
            }
        }
    }

    private static TaskCompletionSource<bool> NewRead() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Reads come one after the other, so one that is older than the last says that the store itself is older.
    private void Take(SignalValue<T> value)
    {
        if (value.Revision < Current?.Revision)
        {
            LogReset(typeof(T).Name, Current.Revision, value.Revision);
            Reset(value);
        }
        else
        {
            Hear(value);
        }
    }

    private async Task WaitAsync(ChannelReader<bool> wakes, CancellationToken cancellationToken)
    {
        using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var timer = time.CreateTimer(_ => pause.Cancel(), null, ReadEvery, Timeout.InfiniteTimeSpan);
        try
        {
            await wakes.ReadAsync(pause.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Nobody woke us: time for the regular read.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The source of signal {Signal} cannot be read ({Reason}); the last value stands.")]
    private partial void LogSourceDown(string signal, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The store of signal {Signal} went back from revision {From} to {To}; subscribers are told to reset.")]
    private partial void LogReset(string signal, long from, long to);
}
