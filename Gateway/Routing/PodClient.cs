using System.Net;
using System.Net.Http.Headers;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using StackExchange.Redis;

namespace AspireAgent.Gateway.Routing;

/// <summary>What a call to a pod stands, which is how long it waits and what it does when nothing comes.</summary>
internal enum PodCall
{
    /// <summary>May be sent twice. A pod that takes long is asked again, and is not thought to be dead; the answer's body is read here.</summary>
    Call,

    /// <summary>The same, but not to be done twice: sent again only where it has surely not been done.</summary>
    Once,

    /// <summary>Can be answered by any pod, such as a new session: one that takes long counts as not reached.</summary>
    Open,

    /// <summary>A stream: a pod whose first word does not come counts as not reached. The body is read as it comes.</summary>
    Stream,
}

/// <summary>
/// Calls the pod of a session, in the caller's name. A pod that says that it is not the owner is a reason to look up, never to take;
/// one that cannot be reached is tried once more and then passed over: the next one is asked to take the session from it.
/// </summary>
internal sealed class PodClient(IHttpClientFactory clients, PodDirectory directory, TrustTokens tokens, TimeProvider time)
{
    /// <summary>Name of the <see cref="HttpClient"/> to the pods.</summary>
    public const string HttpClientName = "pods";

    // A pod that takes the connection and then says nothing is no answer either.
    private static readonly TimeSpan CallWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstWordWithin = TimeSpan.FromSeconds(3);

    // As long as it takes until a dead owner's heartbeat has lapsed, should that be the only way.
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromSeconds(12);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Sends a call about a session. The caller disposes the answer.</summary>
    /// <param name="call">What it stands.</param>
    /// <param name="caller">In whose name.</param>
    /// <param name="session">The session.</param>
    /// <param name="method">The method.</param>
    /// <param name="path">Path and query on the pod.</param>
    /// <param name="body">Made anew for each attempt; null: none.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="silent">Address of a pod that has stopped to give signs of life; null: none.</param>
    /// <exception cref="PodUnavailableException">No pod answered.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        PodCall call, Caller caller, string session, HttpMethod method, string path, Func<HttpContent>? body,
        CancellationToken cancellationToken, string? silent = null)
    {
        var started = time.GetTimestamp();
        var pause = Pause;
        var unreached = new HashSet<string>();
        var broken = new HashSet<string>();
        if (silent is not null)
        {
            unreached.Add(silent);
        }

        do
        {
            var route = await RouteAsync(session, unreached);
            if (route is null)
            {
                unreached.Clear(); // there is no other one: they are asked again
            }
            else
            {
                var (response, end) = await TryAsync(call, route, caller with { Session = session }, method, path, body, cancellationToken);
                if (response is { StatusCode: not HttpStatusCode.MisdirectedRequest })
                {
                    return response;
                }

                response?.Dispose();
                var address = route.Pod.Address;
                switch (end)
                {
                    case CallEnd.Broken or CallEnd.Late when call is PodCall.Once:
                        throw new PodUnavailableException();
                    case CallEnd.Refused when unreached.Add(address):
                    case CallEnd.Broken when !broken.Add(address) && unreached.Add(address):
                        continue; // another one, now
                    case CallEnd.Broken or CallEnd.Late:
                        break;
                    default:
                        unreached.Clear(); // its owner is alive, and nobody may take it: it is asked again
                        break;
                }
            }

            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            await directory.RefreshAsync();
        }
        while (time.GetElapsedTime(started) < GiveUpAfter);

        throw new PodUnavailableException();
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
        PodCall call, PodRoute route, Caller caller, HttpMethod method, string path, Func<HttpContent>? body,
        CancellationToken cancellationToken)
    {
        // What has a body, be it an empty one, the handler below does not send again by itself.
        using var request = new HttpRequestMessage(method, new Uri(new Uri(route.Pod.Address), path))
        {
            Content = body?.Invoke() ?? (call is PodCall.Once ? new ByteArrayContent([]) : null),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens.Mint(caller));
        if (route.UnreachableOwner is { } token)
        {
            request.Headers.Add(SessionHeaders.UnreachableOwner, token);
        }

        using var client = clients.CreateClient(HttpClientName);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var within = call switch
        {
            PodCall.Call => CallWithin,
            PodCall.Once => GiveUpAfter,
            _ => FirstWordWithin,
        };
        await using var timer = time.CreateTimer(_ => limit.Cancel(), null, within, Timeout.InfiniteTimeSpan);
        try
        {
            var until = call is PodCall.Stream ? HttpCompletionOption.ResponseHeadersRead : HttpCompletionOption.ResponseContentRead;
            return (await client.SendAsync(request, until, limit.Token), CallEnd.Answered);
        }
        catch (HttpRequestException exception)
        {
            return (null, exception.HttpRequestError is HttpRequestError.ConnectionError ? CallEnd.Refused : CallEnd.Broken);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            // No connection in its time, or no answer in its time.
            return (null, !limit.IsCancellationRequested || exception.InnerException is TimeoutException || call is PodCall.Open or PodCall.Stream
                ? CallEnd.Refused
                : CallEnd.Late);
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

        /// <summary>Nothing came in time, which says nothing about the pod.</summary>
        Late,
    }
}

/// <summary>No pod answered.</summary>
internal sealed class PodUnavailableException() : Exception("No pod answered.")
{
    public static IResult ToProblem() => Problem.Of(
        StatusCodes.Status503ServiceUnavailable, ProblemTypes.Unavailable, "No agent can answer now; try again in a moment.");
}
