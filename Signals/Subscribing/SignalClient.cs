using System.Globalization;
using System.Net.ServerSentEvents;
using System.Text.Json;
using AspireAgent.Signals.Publishing;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AspireAgent.Signals.Subscribing;

/// <summary>
/// The other end of a signal: follows the service's SSE stream, resumes it after a break where it stood, and starts from the
/// snapshot in Redis when the service does not answer. Revisions never go back.
/// </summary>
public sealed partial class SignalClient<T>(
    IHttpClientFactory clients, SignalClientOptions<T> options, SignalSnapshots<T> snapshots, TimeProvider time,
    ILogger<SignalClient<T>> logger) : SignalService<T>
{
    /// <summary>Name of the <see cref="HttpClient"/> that all signals use.</summary>
    public const string HttpClientName = "signals";

    // The service gives a sign of life each second; a stream without one for this long is dead.
    private static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = FirstPause;
        try
        {
            while (true)
            {
                if (await FollowAsync(stoppingToken))
                {
                    pause = FirstPause;
                }

                if (Current is null)
                {
                    await FallBackAsync();
                }

                await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, stoppingToken);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
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
        using var watchdog = time.CreateTimer(_ => dead.Cancel(), null, DeadAfter, Timeout.InfiniteTimeSpan);
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
        if (item.EventType == SignalEndpoint.ValueEvent
            && long.TryParse(item.EventId, CultureInfo.InvariantCulture, out var revision)
            && JsonSerializer.Deserialize(item.Data, options.Json) is { } value)
        {
            Hear(new SignalValue<T>(revision, value));
        }
        else if (Current is { } current)
        {
            Hear(current);
        }
    }

    private async Task FallBackAsync()
    {
        try
        {
            if (await snapshots.ReadAsync() is { } snapshot)
            {
                Hear(snapshot);
            }
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or JsonException)
        {
            LogBroken(options.Kind, exception.GetType().Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The stream of signal {Signal} ended ({Reason}); connecting again.")]
    private partial void LogBroken(string signal, string reason);
}
