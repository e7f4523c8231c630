using System.Net;
using System.Net.Http.Headers;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using StackExchange.Redis;

namespace AspireAgent.Gateway.Routing;

/// <summary>Calls the pod of a session, in the caller's name. A pod that is gone, or no longer the owner, is looked up anew.</summary>
internal sealed class PodClient(IHttpClientFactory clients, PodDirectory directory, TrustTokens tokens, TimeProvider time)
{
    /// <summary>Name of the <see cref="HttpClient"/> to the pods.</summary>
    public const string HttpClientName = "pods";

    private const int Attempts = 4;

    // A pod that takes the connection and then says nothing is no answer either.
    private static readonly TimeSpan CallWithin = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StreamWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(150);

    /// <summary>Sends a call about a session. The answer's body is not read yet; the caller disposes it.</summary>
    /// <param name="caller">In whose name.</param>
    /// <param name="session">The session.</param>
    /// <param name="method">The method.</param>
    /// <param name="path">Path and query on the pod.</param>
    /// <param name="body">Made anew for each attempt; null: none. A body must be safe to send twice.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="PodUnavailableException">No pod answered.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        Caller caller, string session, HttpMethod method, string path, Func<HttpContent>? body, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var response = await TryAsync(caller, session, method, path, body, cancellationToken);
            if (response is { StatusCode: not HttpStatusCode.MisdirectedRequest })
            {
                return response;
            }

            response?.Dispose();
            if (attempt == Attempts)
            {
                throw new PodUnavailableException();
            }

            await Task.Delay(Pause * attempt, time, cancellationToken);
            await directory.RefreshAsync();
        }
    }

    private async Task<HttpResponseMessage?> TryAsync(
        Caller caller, string session, HttpMethod method, string path, Func<HttpContent>? body, CancellationToken cancellationToken)
    {
        try
        {
            if (await directory.PodOfAsync(session) is not { } pod)
            {
                return null;
            }

            return await SendAsync(pod, caller with { Session = session }, method, path, body, cancellationToken);
        }
        catch (Exception exception) when (exception is HttpRequestException or RedisException or TimeoutException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        InstanceInfo pod, Caller caller, HttpMethod method, string path, Func<HttpContent>? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(new Uri(pod.Address), path)) { Content = body?.Invoke() };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens.Mint(caller));
        using var client = clients.CreateClient(HttpClientName);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(
            _ => limit.Cancel(), null, method == HttpMethod.Get ? StreamWithin : CallWithin, Timeout.InfiniteTimeSpan);
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
    }
}

/// <summary>No pod answered.</summary>
internal sealed class PodUnavailableException() : Exception("No pod answered.")
{
    public static IResult ToProblem() => Problem.Of(
        StatusCodes.Status503ServiceUnavailable, ProblemTypes.Unavailable, "No agent can answer now; try again in a moment.");
}
