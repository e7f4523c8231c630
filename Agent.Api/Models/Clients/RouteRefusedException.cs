using System.Net;
using System.Net.Http.Headers;

namespace AspireAgent.Agent.Models.Clients;

/// <summary>An endpoint that answered with another status than success. (The OpenAI SDK has its own for that.)</summary>
internal sealed class RouteRefusedException(HttpStatusCode status, RetryConditionHeaderValue? retryAfter)
    : HttpRequestException($"The model's endpoint answered {(int)status}.", inner: null, status)
{
    /// <summary>The header <c>Retry-After</c>, a delay or a date.</summary>
    public RetryConditionHeaderValue? RetryAfter { get; } = retryAfter;
}
