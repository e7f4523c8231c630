using System.ClientModel;
using System.Net.Http.Headers;
using System.Text.Json;
using AspireAgent.Agent.Models.Clients;
using Polly.Timeout;

namespace AspireAgent.Agent.Models.Calls;

/// <summary>A call of a route that failed. Its message names route and failure, and never says what the vendor said: that may quote the prompt.</summary>
internal sealed class CallException(string route, CallFailure failure, TimeSpan? retryAfter = null, Exception? cause = null)
    : Exception($"{route}: {failure.ToSlug()}", cause)
{
    public string Route { get; } = route;

    public CallFailure Failure { get; } = failure;

    /// <summary>How long the vendor wants not to be asked; null: it did not say.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    /// <summary>In numbers; null: there is nothing to say.</summary>
    public string? Detail { get; init; }

    /// <summary>What went wrong, by what a client threw.</summary>
    /// <param name="route">The route's name.</param>
    /// <param name="exception">What was thrown.</param>
    /// <param name="begun">Whether the answer had begun.</param>
    /// <param name="time">For a date in <c>Retry-After</c>.</param>
    public static CallException Of(string route, Exception exception, bool begun, TimeProvider time) => exception switch
    {
        CallException known => known,
        TimeoutRejectedException => new(route, CallFailure.Timeout, null, exception),
        ClientResultException { Status: > 0 } refused => new(route, OfStatus(refused.Status), Wait(RetryAfterOf(refused), time), exception),
        RouteRefusedException refused => new(route, OfStatus((int)refused.StatusCode!), Wait(refused.RetryAfter, time), exception),
        HttpRequestException { StatusCode: { } status } => new(route, OfStatus((int)status), null, exception),

        // JSON of another shape than the client's library expects.
        ObjectDisposedException => new(route, CallFailure.Unexpected, null, exception),
        JsonException or InvalidOperationException or FormatException or InvalidDataException or ArgumentException or KeyNotFoundException =>
            new(route, CallFailure.Garbled, null, exception),
        HttpRequestException or IOException or ClientResultException or OperationCanceledException =>
            new(route, begun ? CallFailure.Broken : CallFailure.Unreachable, null, exception),
        _ => new(route, CallFailure.Unexpected, null, exception),
    };

    private static CallFailure OfStatus(int status) => status switch
    {
        400 or 415 or 422 => CallFailure.Refused,
        401 or 403 => CallFailure.Unauthorized,
        408 or 409 or 425 or >= 500 => CallFailure.Unavailable,
        413 => CallFailure.TooLarge,
        429 => CallFailure.RateLimited,
        _ => CallFailure.Misconfigured, // a redirect, no credit, a model that is gone: another route may do
    };

    // RFC 9110, section 10.2.3: seconds, or a date.
    private static RetryConditionHeaderValue? RetryAfterOf(ClientResultException refused) =>
        refused.GetRawResponse()?.Headers.TryGetValue("Retry-After", out var value) is true
            && RetryConditionHeaderValue.TryParse(value, out var asked) ? asked : null;

    private static TimeSpan? Wait(RetryConditionHeaderValue? asked, TimeProvider time) => asked?.Delta ?? asked?.Date - time.GetUtcNow();
}
