using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text.Json;
using AspireAgent.Signals.Publishing;
using AspireAgent.Streams;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.Signals.Subscribing;

/// <summary>
/// The other end of a signal: follows the service's SSE stream and resumes it after a break where it stood. It starts from what its
/// <see cref="SignalFallback"/> allows when the service does not answer. Revisions go back only by the service's own <c>reset</c>.
/// </summary>
public sealed partial class SignalClient<T>(
    IHttpClientFactory clients, SignalClientOptions<T> options, IOptions<SignalOptions> deployment, SignalSnapshots<T> snapshots,
    TimeProvider time, ILogger<SignalClient<T>> logger) : SignalService<T>
{
    /// <summary>Name of the <see cref="HttpClient"/> that all signals use.</summary>
    public const string HttpClientName = "signals";

    // The service gives a sign of life each second; a stream without one for this long is dead.
    private static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(5);

    private readonly SignalDisk<T>? _disk = options.Fallback is SignalFallback.Disk && deployment.Value.Directory is { Length: > 0 } directory
        ? new SignalDisk<T>(directory, options.Kind, options.Json)
        : null;

    private SignalValue<T>? _saved;

    /// <summary>Where the current value came from.</summary>
    public SignalOrigin Origin { get; private set; }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        try
        {
            while (true)
            {
                if (await FollowAsync(stoppingToken))
                {
                    failures = 0;
                }

                if (Current is null)
                {
                    await FallBackAsync();
                }

                await Task.Delay(Backoff.After(++failures), time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal stop.
        }
    }

    // One connection, to its end; whether anything was heard on it.
    private async Task<bool> FollowAsync(CancellationToken stoppingToken)
    {
        var heard = false;
        using var dead = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        await using var watchdog = time.CreateTimer(_ => dead.Cancel(), null, DeadAfter, Timeout.InfiniteTimeSpan);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, options.Address);
            if (Current is { } current)
            {
                request.Headers.Add("Last-Event-ID", current.Revision.ToString(CultureInfo.InvariantCulture));
            }

            using var client = clients.CreateClient(HttpClientName);
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, dead.Token);
            response.EnsureSuccessStatusCode();
            await using var body = await response.Content.ReadAsStreamAsync(dead.Token);
            await foreach (var item in SseParser.Create(body).EnumerateAsync(dead.Token))
            {
                heard = true;
                watchdog.Change(DeadAfter, Timeout.InfiniteTimeSpan);
                Hear(item);
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or JsonException
            || (exception is OperationCanceledException && !stoppingToken.IsCancellationRequested))
        {
            LogBroken(options.Kind, exception.GetType().Name);
        }

        return heard;
    }

    private void Hear(SseItem<string> item)
    {
        var isReset = item.EventType == SignalEndpoint.ResetEvent;
        if ((isReset || item.EventType == SignalEndpoint.ValueEvent)
            && long.TryParse(item.EventId, CultureInfo.InvariantCulture, out var revision)
            && JsonSerializer.Deserialize(item.Data, options.Json) is { } value)
        {
            Take(new SignalValue<T>(revision, value), SignalOrigin.Service, isReset);
        }
        else if (Current is { } current)
        {
            Hear(current);
        }
    }

    private void Take(SignalValue<T> value, SignalOrigin origin, bool isReset = false)
    {
        Origin = origin;
        if (isReset)
        {
            LogReset(options.Kind, Current?.Revision ?? 0, value.Revision);
            Reset(value);
        }
        else
        {
            Hear(value);
        }

        if (origin is not SignalOrigin.Disk && !ReferenceEquals(_saved, Current))
        {
            Save(Current!);
        }
    }

    private void Save(SignalValue<T> value)
    {
        try
        {
            _disk?.Save(value);
            _saved = value;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotSaved(options.Kind, exception.GetType().Name);
        }
    }

    private async Task FallBackAsync()
    {
        if (options.Fallback is SignalFallback.None)
        {
            return;
        }

        try
        {
            if (await snapshots.ReadAsync() is { } snapshot)
            {
                LogFellBack(options.Kind, snapshot.Revision, SignalOrigin.Snapshot);
                Take(snapshot, SignalOrigin.Snapshot);
                return;
            }
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or JsonException)
        {
            LogBroken(options.Kind, exception.GetType().Name);
        }

        if (_disk?.Load() is { } kept)
        {
            LogFellBack(options.Kind, kept.Revision, SignalOrigin.Disk);
            Take(kept, SignalOrigin.Disk);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The stream of signal {Signal} ended ({Reason}); connecting again.")]
    private partial void LogBroken(string signal, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Signal {Signal} starts with revision {Revision} from {Origin}: its service does not answer.")]
    private partial void LogFellBack(string signal, long revision, SignalOrigin origin);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Signal {Signal} goes back from revision {From} to {To}: its store was reset.")]
    private partial void LogReset(string signal, long from, long to);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Signal {Signal} could not be kept on disk ({Reason}).")]
    private partial void LogNotSaved(string signal, string reason);
}
