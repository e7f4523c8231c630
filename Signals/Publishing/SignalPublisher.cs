using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AspireAgent.Signals.Publishing;

/// <summary>
/// One end of a signal: reads its source each second and when woken, and offers what it read to every subscriber. While the
/// source is down the last value stands and no sign of life is given.
/// </summary>
public sealed partial class SignalPublisher<T>(ISignalSource<T> source, TimeProvider time, ILogger<SignalPublisher<T>> logger)
    : SignalService<T>
{
    /// <summary>Longest time between two reads, and between two signs of life.</summary>
    public static readonly TimeSpan ReadEvery = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        IAsyncDisposable? subscription = null;
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                try
                {
                    subscription ??= await source.OnWakeAsync(() => wakes.Writer.TryWrite(true));
                    Hear(await source.ReadAsync(stoppingToken));
                }
                catch (Exception exception) when (exception is RedisException or TimeoutException or JsonException)
                {
                    LogSourceDown(typeof(T).Name, exception.GetType().Name);
                }

                await WaitAsync(wakes.Reader, stoppingToken);
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

    private async Task WaitAsync(ChannelReader<bool> wakes, CancellationToken cancellationToken)
    {
        using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(_ => pause.Cancel(), null, ReadEvery, Timeout.InfiniteTimeSpan);
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
}
