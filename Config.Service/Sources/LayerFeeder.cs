using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Text.Json;
using AspireAgent.Config.Layers;
using AspireAgent.Streams;
using StackExchange.Redis;

namespace AspireAgent.Config.Sources;

/// <summary>Writes what the sources say into the store, one change after the other; one that cannot be stored is tried again.</summary>
internal sealed partial class LayerFeeder(
    IEnumerable<ILayerSource> sources, LayerWriter writer, IScheduler scheduler, TimeProvider time, ILogger<LayerFeeder> logger) : BackgroundService
{
    private const int Waiting = 1;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    // The store may have lost it, or what made it invalid may be gone.
    private static readonly TimeSpan AssertEvery = TimeSpan.FromSeconds(30);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(sources.Select(source => FeedAsync(source, stoppingToken)));

    // Only the newest document of a source counts: a slow store may skip those between.
    private async Task FeedAsync(ILayerSource source, CancellationToken stoppingToken)
    {
        var changes = source.Changes
            .Select(change => Observable.Timer(TimeSpan.Zero, AssertEvery, scheduler).Select(_ => change))
            .Switch();
        await foreach (var change in changes.ReadLatestAsync(Waiting, cancellationToken: stoppingToken).UntilCancelled(stoppingToken))
        {
            while (!await TryWriteAsync(change, stoppingToken))
            {
                await Task.Delay(RetryAfter, time, stoppingToken);
            }
        }
    }

    private async Task<bool> TryWriteAsync(LayerChange change, CancellationToken cancellationToken)
    {
        try
        {
            switch (await writer.FeedAsync(change, cancellationToken))
            {
                case WriteOutcome.Written { Layer.Revision: var revision }:
                    LogFed($"{change.Scope}", change.Origin, revision);
                    break;
                case WriteOutcome.Forbidden forbidden:
                    LogRefused($"{change.Scope}", change.Origin, $"it may not set {string.Join(", ", forbidden.Properties)}");
                    break;
                case WriteOutcome.Invalid invalid:
                    LogRefused($"{change.Scope}", change.Origin, string.Join("; ", invalid.Errors.Select(error => $"{error.Key}: {string.Join(' ', error.Value)}")));
                    break;
                default:
                    break;
            }

            return true;
        }
        catch (JsonException exception)
        {
            LogRefused($"{change.Scope}", change.Origin, exception.Message);
            return true;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            LogUnreachable($"{change.Scope}", exception.GetType().Name);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Layer {Scope} is as {Origin} says, at revision {Revision}.")]
    private partial void LogFed(string scope, string origin, long revision);

    [LoggerMessage(Level = LogLevel.Error, Message = "Layer {Scope} stays as it is; {Origin} is refused: {Reason}")]
    private partial void LogRefused(string scope, string origin, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Layer {Scope} cannot be written ({Reason}); trying again.")]
    private partial void LogUnreachable(string scope, string reason);
}
