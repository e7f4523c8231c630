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
/// A signal over SSE. <c>id:</c> is the store's revision, <c>event:</c> is <c>value</c>, <c>heartbeat</c>, or <c>reset</c>: a value to be
/// taken although the subscriber's is newer, since the store was reset. <c>data:</c> is the value as JSON. <c>Last-Event-ID</c> leaves
/// out what the subscriber has, whichever instance of the service it comes from.
/// </summary>
public static class SignalEndpoint
{
    internal const string ValueEvent = "value";
    internal const string HeartbeatEvent = "heartbeat";
    internal const string ResetEvent = "reset";

    /// <summary>Registers the publisher of the one signal of type <typeparamref name="T"/>.</summary>
    public static IServiceCollection AddSignalPublisher<T, TSource>(this IServiceCollection services)
        where TSource : class, ISignalSource<T> =>
        services
            .AddSingleton<ISignalSource<T>, TSource>().AddPublisher<T>();

    /// <summary>The same for any stream of values.</summary>
    public static IServiceCollection AddSignalPublisher<T>(this IServiceCollection services, IObservable<T> values) =>
        services
            .AddSingleton<ISignalSource<T>>(provider => new ObservableSource<T>(values, provider.GetRequiredService<TimeProvider>()))
            .AddPublisher<T>();

    /// <summary>Maps the signal of type <typeparamref name="T"/> to <paramref name="pattern"/>.</summary>
    public static RouteHandlerBuilder MapSignal<T>(this IEndpointRouteBuilder routes, string pattern, JsonTypeInfo<T> json)
    {
        var texts = new LatestText<T>(json);
        return routes.MapGet(pattern, (HttpContext context, SignalPublisher<T> signal, IHostApplicationLifetime lifetime) =>
        {
            _ = long.TryParse(context.Request.Headers["Last-Event-ID"], CultureInfo.InvariantCulture, out var seen);
            context.Response.Headers.CacheControl = "no-store";
            return TypedResults.ServerSentEvents(Items(signal, seen, texts, lifetime.ApplicationStopping, context.RequestAborted));
        });
    }

    private static IServiceCollection AddPublisher<T>(this IServiceCollection services) => services
        .AddSingleton<SignalPublisher<T>>()
        .AddSingleton<ISignal<T>>(provider => provider.GetRequiredService<SignalPublisher<T>>())
        .AddHostedService(provider => provider.GetRequiredService<SignalPublisher<T>>());

    // A slow subscriber loses values that a newer one has replaced: a signal is a state, not a history.
    private static async IAsyncEnumerable<SseItem<string>> Items<T>(
        SignalPublisher<T> signal, long seen, LatestText<T> texts, CancellationToken stopping,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stopping, cancellationToken);
        await foreach (var value in signal.Heard.ReadLatestAsync(1).UntilCancelled(end.Token))
        {
            var isReset = value.Revision < seen && await IsResetAsync(signal, seen, end.Token);
            if (value.Revision <= seen && !isReset)
            {
                yield return new SseItem<string>("{}", HeartbeatEvent);
                continue;
            }

            var now = isReset ? signal.Current! : value;
            seen = now.Revision;
            yield return new SseItem<string>(texts.Of(now), isReset ? ResetEvent : ValueEvent)
            {
                EventId = seen.ToString(CultureInfo.InvariantCulture),
            };
        }
    }

    // The subscriber may know more than this instance has read yet: only a fresh read tells.
    private static async Task<bool> IsResetAsync<T>(SignalPublisher<T> signal, long seen, CancellationToken cancellationToken)
    {
        try
        {
            return await signal.RefreshAsync(cancellationToken) && signal.Current!.Revision < seen;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>A value as text, made once for all subscribers.</summary>
    private sealed class LatestText<T>(JsonTypeInfo<T> json)
    {
        private Made? _latest;

        public string Of(SignalValue<T> value)
        {
            var made = Volatile.Read(ref _latest);
            if (made is null || !ReferenceEquals(made.Value, value))
            {
                Volatile.Write(ref _latest, made = new Made(value, JsonSerializer.Serialize(value.Value, json)));
            }

            return made.Text;
        }

        private sealed record Made(SignalValue<T> Value, string Text);
    }
}
