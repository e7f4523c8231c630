using System.Net;
using System.Net.Http.Headers;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using StackExchange.Redis;

namespace AspireAgent.Gateway.Routing;

/// <summary>
/// Calls the pod of a session, in the caller's name. A pod that says that it is not the owner is a reason to look up, never to take;
/// one that cannot be reached is tried once more and then passed over: the next one is asked to take the session from it.
/// </summary>
internal sealed class PodClient(IHttpClientFactory clients, PodDirectory directory, TrustTokens tokens, TimeProvider time)
{
    /// <summary>Name of the <see cref="HttpClient"/> to the pods.</summary>
    public const string HttpClientName = "pods";

    // A pod that takes the connection and then says nothing is no answer either.
    private static readonly TimeSpan CallWithin = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan StreamWithin = TimeSpan.FromSeconds(3);

    // As long as it takes until a dead owner's heartbeat has lapsed, should that be the only way.
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Sends a call about a session. The answer's body is not read yet; the caller disposes it.</summary>
    /// <param name="caller">In whose name.</param>
    /// <param name="session">The session.</param>
    /// <param name="method">The method.</param>
    /// <param name="path">Path and query on the pod.</param>
    /// <param name="body">Made anew for each attempt; null: none. A body must be safe to send twice.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="silent">Address of a pod that has stopped to give signs of life; null: none.</param>
    /// <exception cref="PodUnavailableException">No pod answered.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        Caller caller, string session, HttpMethod method, string path, Func<HttpContent>? body, CancellationToken cancellationToken,
        string? silent = null)
    {
        var started = time.GetTimestamp();
        var pause = Pause;
        var unreached = new HashSet<string>();
        var broken = new HashSet<string>();
        if (silent is not null)
        {
            unreached.Add(silent);
        }

        while (true)
        {
            var route = await RouteAsync(session, unreached);
            if (route is not null)
            {
                var (response, end) = await TryAsync(route, caller with { Session = session }, method, path, body, cancellationToken);
                if (response is { StatusCode: not HttpStatusCode.MisdirectedRequest })
                {
                    return response;
                }

                response?.Dispose();
                var address = route.Pod.Address;
                switch (end)
                {
                    case CallEnd.Refused when unreached.Add(address):
                    case CallEnd.Broken when !broken.Add(address) && unreached.Add(address):
                        continue; // another one, now
                    case CallEnd.Broken:
                        break;
                    default:
                        unreached.Clear(); // its owner is alive, and nobody may take it: it is asked again
                        break;
                }
            }

            if (time.GetElapsedTime(started) > GiveUpAfter)
            {
                throw new PodUnavailableException();
            }

            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            await directory.RefreshAsync();
        }
    }

    private async Task<PodRoute?> RouteAsync(string session, HashSet<string> unreached)
    {
        try
        {
            return await directory.RouteAsync(session, unreached);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            return null;
        }
    }

    private async Task<(HttpResponseMessage? Response, CallEnd End)> TryAsync(
        PodRoute route, Caller caller, HttpMethod method, string path, Func<HttpContent>? body, CancellationToken cancellationToken)
    {
        var isStream = method == HttpMethod.Get;
        using var request = new HttpRequestMessage(method, new Uri(new Uri(route.Pod.Address), path)) { Content = body?.Invoke() };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens.Mint(caller));
        if (route.UnreachableOwner is { } token)
        {
            request.Headers.Add(SessionHeaders.UnreachableOwner, token);
        }

        using var client = clients.CreateClient(HttpClientName);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(_ => limit.Cancel(), null, isStream ? StreamWithin : CallWithin, Timeout.InfiniteTimeSpan);
        try
        {
            return (await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token), CallEnd.Answered);
        }
        catch (HttpRequestException exception)
        {
            return (null, exception.HttpRequestError is HttpRequestError.ConnectionError ? CallEnd.Refused : CallEnd.Broken);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            // No connection in its time, or no first word of a stream. An answer that takes long says nothing about its pod.
            return (null, isStream || !limit.IsCancellationRequested || exception.InnerException is TimeoutException
                ? CallEnd.Refused
                : CallEnd.Broken);
        }
    }

    private enum CallEnd
    {
        /// <summary>With some status.</summary>
        Answered,

        /// <summary>The pod could not be reached at all.</summary>
        Refused,

        /// <summary>In the middle of something.</summary>
        Broken,
    }
}

/// <summary>No pod answered.</summary>
internal sealed class PodUnavailableException() : Exception("No pod answered.")
{
    public static IResult ToProblem() => Problem.Of(
        StatusCodes.Status503ServiceUnavailable, ProblemTypes.Unavailable, "No agent can answer now; try again in a moment.");
}
