using System.Globalization;
using System.Net.ServerSentEvents;
using System.Reactive.Linq;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using AspireAgent.Streams;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace AspireAgent.Signals.Publishing;

/// <summary>
/// A signal over SSE. <c>id:</c> is the revision, <c>event:</c> is <c>value</c> or <c>heartbeat</c>, <c>data:</c> the value as JSON.
/// <c>Last-Event-ID</c> leaves out what the subscriber has.
/// </summary>
public static class SignalEndpoint
{
    internal const string ValueEvent = "value";
    internal const string HeartbeatEvent = "heartbeat";

    /// <summary>Registers the publisher of the one signal of type <typeparamref name="T"/>.</summary>
    public static IServiceCollection AddSignalPublisher<T, TSource>(this IServiceCollection services)
        where TSource : class, ISignalSource<T> =>
        services
            .AddSingleton<ISignalSource<T>, TSource>()
            .AddSingleton<SignalPublisher<T>>()
            .AddSingleton<ISignal<T>>(provider => provider.GetRequiredService<SignalPublisher<T>>())
            .AddHostedService(provider => provider.GetRequiredService<SignalPublisher<T>>());

    /// <summary>Maps the signal of type <typeparamref name="T"/> to <paramref name="pattern"/>.</summary>
    public static RouteHandlerBuilder MapSignal<T>(this IEndpointRouteBuilder routes, string pattern, JsonTypeInfo<T> json) =>
        routes.MapGet(pattern, (HttpContext context, ISignal<T> signal, IHostApplicationLifetime lifetime) =>
        {
            _ = long.TryParse(context.Request.Headers["Last-Event-ID"], CultureInfo.InvariantCulture, out var seen);
            context.Response.Headers.CacheControl = "no-store";
            return TypedResults.ServerSentEvents(Items(signal, seen, json, lifetime.ApplicationStopping, context.RequestAborted));
        });

    // A slow subscriber loses values that a newer one has replaced: a signal is a state, not a history.
    private static async IAsyncEnumerable<SseItem<string>> Items<T>(
        ISignal<T> signal, long seen, JsonTypeInfo<T> json, CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellationToken);
        await foreach (var value in signal.Heard.ReadLatestAsync(1).UntilCancelled(end.Token))
        {
            if (value.Revision <= seen)
            {
                yield return new SseItem<string>("{}", HeartbeatEvent);
                continue;
            }

            seen = value.Revision;
            yield return new SseItem<string>(JsonSerializer.Serialize(value.Value, json), ValueEvent)
            {
                EventId = value.Revision.ToString(CultureInfo.InvariantCulture),
            };
        }
    }
}
