using System.Net.Http.Headers;
using Microsoft.Extensions.Hosting;

namespace AspireAgent.ServiceDefaults.Trust;

/// <summary>Sends a service's own token with each request of an <see cref="HttpClient"/>.</summary>
public sealed class ServiceTokenHandler(TrustTokens tokens, IHostEnvironment environment) : DelegatingHandler
{
    /// <inheritdoc />
    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Headers.Authorization = new AuthenticationHeaderValue(
            "Bearer", tokens.Mint(new Caller(environment.ApplicationName, "", Caller.StandardTier, Caller.ServiceRole)));
        return base.SendAsync(request, cancellationToken);
    }
}
