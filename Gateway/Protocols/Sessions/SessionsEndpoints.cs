using System.ComponentModel.DataAnnotations;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Gateway.Routing;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Gateway.Protocols.Sessions;

/// <summary>What a client may say to open a session.</summary>
internal sealed record ClientOpen(JsonObject? Metadata = null, JsonObject? Config = null);

/// <summary>What a client may say as an input.</summary>
internal sealed record ClientInput(
    [property: StringLength(128, MinimumLength = 1)] string Id, [property: StringLength(262_144, MinimumLength = 1)] string Text);

/// <summary>Sessions over HTTP: each call goes to the pod that owns the session, and its answer comes back as it is.</summary>
internal static class SessionsEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/sessions");
        group.MapPost("/", Open);
        group.MapGet("/{id}", (string id, HttpContext context, PodClient pods) => ForwardAsync(id, "", null, context, pods));
        group.MapDelete("/{id}", (string id, HttpContext context, PodClient pods) => ForwardAsync(id, "", null, context, pods));
        group.MapPost("/{id}/inputs", Accept);
        group.MapPost("/{id}/stop", (string id, HttpContext context, PodClient pods) => ForwardAsync(id, "/stop", null, context, pods, StopOf(context)));
        group.MapPatch("/{id}/config", (string id, JsonObject patch, HttpContext context, PodClient pods) =>
            ForwardAsync(id, "/config", () => JsonContent.Create(patch), context, pods));
    }

    private static Task<IResult> Open(ClientOpen? request, HttpContext context, PodClient pods, TimeProvider time)
    {
        var id = SortableId.New(time);
        var open = new OpenSessionRequest { Id = id, Metadata = request?.Metadata, Config = request?.Config };
        return SendAsync(
            PodCall.Open, id, "/v1/sessions", () => JsonContent.Create(open, WireJson.Types.OpenSessionRequest), context, pods);
    }

    private static Task<IResult> Accept(string id, ClientInput input, HttpContext context, PodClient pods)
    {
        var request = new InputRequest { Id = input.Id, Text = input.Text };
        return Problem.Validate(input) is { } invalid
            ? Task.FromResult<IResult>(invalid)
            : ForwardAsync(id, "/inputs", () => JsonContent.Create(request, WireJson.Types.InputRequest), context, pods);
    }

    // Without an input's id a repeat might stop the turn after the one that was meant.
    private static PodCall StopOf(HttpContext context) => context.Request.Query.ContainsKey("input") ? PodCall.Call : PodCall.Once;

    private static Task<IResult> ForwardAsync(
        string id, string what, Func<HttpContent>? body, HttpContext context, PodClient pods, PodCall call = PodCall.Call) =>
        SortableId.IsValid(id)
            ? SendAsync(call, id, $"/v1/sessions/{id}{what}{context.Request.QueryString}", body, context, pods)
            : Task.FromResult<IResult>(Problem.Of(
                StatusCodes.Status404NotFound, ProblemTypes.SessionNotFound, "There is no such session."));

    private static async Task<IResult> SendAsync(
        PodCall call, string id, string path, Func<HttpContent>? body, HttpContext context, PodClient pods)
    {
        try
        {
            return new RelayedResult(await pods.SendAsync(
                call, Caller.Of(context.User), id, new HttpMethod(context.Request.Method), path, body, context.RequestAborted));
        }
        catch (PodUnavailableException)
        {
            return PodUnavailableException.ToProblem();
        }
    }
}
