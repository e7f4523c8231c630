using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Gateway.Draining;
using AspireAgent.Gateway.Routing;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Gateway.Protocols.OpenAi;

/// <summary>The turn that answers a completion call: in a short-lived session of its own, or in one that exists.</summary>
internal sealed class CompletionTurn(
    Caller caller, string? joined, CompletionCall call, PodClient pods, SessionStream stream, Connection connection, TimeProvider time)
{
    private static readonly TimeSpan StopWithin = TimeSpan.FromSeconds(5);

    private readonly string _input = SortableId.New(time);
    private InputReceipt? _receipt;
    private bool _mayRun;

    public string Session { get; } = joined ?? SortableId.New(time);

    /// <summary>The turn's id, once it has started.</summary>
    public string Turn => _receipt?.Turn ?? "";

    /// <summary>Opens a session with the call's messages as its history, or gives its last message to the session that it joins.</summary>
    /// <exception cref="CompletionException">The pod refused.</exception>
    /// <exception cref="PodUnavailableException">No pod answered.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var request = new InputRequest { Id = _input, Text = call.Input, Options = call.Options };
        if (joined is not null && call.Input.Length == 0)
        {
            throw CompletionException.Invalid("In a session the last message must be the user's.", "messages");
        }

        _mayRun = true;
        try
        {
            _receipt = await AskAsync(request, cancellationToken);
        }
        catch (CompletionException)
        {
            _mayRun = false;
            throw;
        }
    }

    /// <summary>The turn's events, in order, up to and including the one that ends it.</summary>
    public async IAsyncEnumerable<SessionEvent> EventsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var attached = await stream.AttachAsync(
            caller, Session, new Cursor(_receipt!.Seq, null).ToString(), cancellationToken);
        if (attached.Frames is not { } frames)
        {
            await CheckAsync(attached.Answer, cancellationToken);
            yield break;
        }

        await foreach (var frame in connection.WatchAsync(frames, cancellationToken, told: false))
        {
            if (frame.Type == SessionFrame.Reset)
            {
                yield break; // the log has lost what this answer began with
            }

            if (frame.Cursor is null || WireJson.ReadEvent(frame.Json) is not { } happened || happened.Turn != Turn)
            {
                continue;
            }

            _mayRun &= !happened.EndsTurn;
            yield return happened;
            if (happened.EndsTurn)
            {
                yield break;
            }
        }
    }

    /// <summary>Nobody waits for it any more: this answer, and no other of the session, is cancelled, unless it is known not to run.</summary>
    public async Task AbandonAsync()
    {
        if (!_mayRun)
        {
            return;
        }

        using var limit = new CancellationTokenSource(StopWithin);
        try
        {
            using var response = await pods.SendAsync(
                PodCall.Call, caller, Session, HttpMethod.Post, $"/v1/sessions/{Session}/stop?by=disconnect&input={_input}", null, limit.Token);
        }
        catch (Exception exception) when (exception is PodUnavailableException or OperationCanceledException)
        {
            // Its pod is gone too.
        }
    }

    private async Task<InputReceipt?> AskAsync(InputRequest request, CancellationToken cancellationToken)
    {
        if (joined is null)
        {
            var open = new OpenSessionRequest { Id = Session, History = call.History, Input = request, Ephemeral = true };
            using var opened = await pods.SendAsync(
                PodCall.Open, caller, Session, HttpMethod.Post, "/v1/sessions",
                () => JsonContent.Create(open, WireJson.Types.OpenSessionRequest), cancellationToken);
            await CheckAsync(opened, cancellationToken);
            var created = await opened.Content.ReadFromJsonAsync(WireJson.Types.SessionCreated, cancellationToken);
            return created?.Input ?? throw new PodUnavailableException();
        }

        using var accepted = await pods.SendAsync(
            PodCall.Call, caller, Session, HttpMethod.Post, $"/v1/sessions/{Session}/inputs",
            () => JsonContent.Create(request, WireJson.Types.InputRequest), cancellationToken);
        await CheckAsync(accepted, cancellationToken);
        return await accepted.Content.ReadFromJsonAsync(WireJson.Types.InputReceipt, cancellationToken);
    }

    private static async Task CheckAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var problem = response.Content.Headers.ContentType?.MediaType == "application/problem+json"
            ? JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken))
            : null;
        var message = string.Join(' ', new[] { (string?)problem?["title"], (string?)problem?["detail"] }.OfType<string>());
        throw CompletionException.OfProblem((int)response.StatusCode, message, (string?)problem?["type"]);
    }
}
