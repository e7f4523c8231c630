using System.Text.Json.Nodes;
using AspireAgent.Agent.Configuration;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using Microsoft.AspNetCore.Http.HttpResults;
using StackExchange.Redis;

namespace AspireAgent.Agent.Endpoints;

/// <summary>A pod's sessions, for the gateway. The token says whose session is meant; another tenant's is not found.</summary>
internal static class SessionEndpoints
{
    public static void MapSessions(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/sessions");
        group.MapPost("/", Open);
        group.MapGet("/{id}", Describe);
        group.MapDelete("/{id}", Close);
        group.MapPost("/{id}/inputs", Accept);
        group.MapPost("/{id}/stop", Stop);
        group.MapPatch("/{id}/config", Patch);
        group.MapGet("/{id}/events", EventsEndpoint.Stream);
    }

    /// <summary>Runs <paramref name="use"/> on the session of the call, or says where it is.</summary>
    internal static async Task<IResult> WithSessionAsync(
        string id, HttpContext context, SessionHost host, Func<Session, Task<IResult>> use)
    {
        var caller = Caller.Of(context.User);
        if (caller.Session != id)
        {
            return Unknown();
        }

        try
        {
            return await host.FindAsync(id, UnreachableOwner(context), context.RequestAborted) switch
            {
                SessionLookup.Here { Session: var session } when session.State.Tenant == caller.Tenant => await use(session),
                SessionLookup.Elsewhere { Instance: var owner } => NotOwner(owner),
                _ => Unknown(),
            };
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or SessionUnreadableException)
        {
            return StoreUnreachable();
        }
    }

    private static async Task<IResult> Open(
        OpenSessionRequest request, HttpContext context, SessionHost host, LocalInstance local, ModelCatalog models, ConfigSignals config,
        TimeProvider time)
    {
        var receivedAt = time.GetTimestamp();
        var caller = Caller.Of(context.User);
        if (request.Id is not { } id || caller.Session != id)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, "The session's id is the gateway's to give.");
        }

        if (request.Input is { } first && CheckInput(first, models) is { } refused)
        {
            return refused;
        }

        if (local.IsDraining)
        {
            return NotOwner("");
        }

        var cohort = Cohort.Draw(config.Releases, caller.EndUser is { } user ? $"{caller.Tenant}/{user}" : id);
        var opened = new SessionOpened(
            caller.Tenant, caller.Tier, caller.Subject, cohort, request.Metadata, request.History, request.Ephemeral, caller.Group);
        SessionLookup lookup;
        try
        {
            // Held until the session holds it: its layers are read once.
            var audience = config.For(new Audience(caller.Tenant, caller.Group, cohort));
            using var held = audience.Subscribe(_ => { }, _ => { });
            var below = await ConfigSignals.FirstAsync(audience, time, context.RequestAborted);
            if (request.Config is { } own && SessionConfig.Check(below, own, []) is { } problem)
            {
                return Refused(problem);
            }

            lookup = await host.OpenAsync(id, opened, request, UnreachableOwner(context), context.RequestAborted);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or SessionUnreadableException)
        {
            return StoreUnreachable();
        }

        return lookup switch
        {
            SessionLookup.Here { Session: var session } when session.State is var state && state.Tenant == caller.Tenant =>
                await AcceptFirstAsync(session, new SessionCreated(id, state.CreatedAt, state.Cohort), request.Input, receivedAt, context.RequestAborted),
            SessionLookup.Elsewhere { Instance: var owner } => NotOwner(owner),
            _ => Unknown(),
        };
    }

    private static async Task<IResult> AcceptFirstAsync(
        Session session, SessionCreated created, InputRequest? input, long receivedAt, CancellationToken cancellationToken)
    {
        if (input is not null)
        {
            if (await session.AcceptAsync(input, receivedAt, cancellationToken) is not InputOutcome.Accepted { Receipt: var receipt })
            {
                return Lost();
            }

            created = created with { Input = receipt };
        }

        return TypedResults.Created($"/v1/sessions/{created.Id}", created);
    }

    private static string UnreachableOwner(HttpContext context) => context.Request.Headers[SessionHeaders.UnreachableOwner].ToString();

    private static IResult? CheckInput(InputRequest input, ModelCatalog models) =>
        Problem.Validate(input) is { } invalid ? invalid
        : input.Options?.Model is { } model && !models.Has(model) ? Problem.Of(
            StatusCodes.Status404NotFound, ProblemTypes.ModelNotFound, $"The model '{model}' does not exist.",
            $"These do: {string.Join(", ", models.Names)}.")
        : null;

    private static Task<IResult> Describe(string id, HttpContext context, SessionHost host, LocalInstance local) =>
        WithSessionAsync(id, context, host, session =>
        {
            var state = session.State;
            return Task.FromResult<IResult>(TypedResults.Ok(new SessionInfo(
                id, new SessionOwner(local.Name, session.Grant.Epoch), session.SavedSeq, state.Tenant,
                state.CreatedAt, state.Closed, state.Running?.Id, state.Cohort, state.Metadata)));
        });

    private static Task<IResult> Close(string id, HttpContext context, SessionHost host, bool erase = false) =>
        WithSessionAsync(id, context, host, async session =>
        {
            if (!await session.CloseAsync("client", context.RequestAborted))
            {
                return Lost();
            }

            if (erase)
            {
                await host.EraseAsync(session);
            }

            return (IResult)TypedResults.NoContent();
        });

    private static Task<IResult> Accept(
        string id, InputRequest request, HttpContext context, SessionHost host, ModelCatalog models, TimeProvider time)
    {
        var receivedAt = time.GetTimestamp();
        return CheckInput(request, models) is { } refused
            ? Task.FromResult(refused)
            : WithSessionAsync(id, context, host, async session =>
                await session.AcceptAsync(request, receivedAt, context.RequestAborted) switch
                {
                    InputOutcome.Accepted { Receipt: var receipt } => TypedResults.Accepted((string?)null, receipt),
                    InputOutcome.Conflict => Problem.Of(
                        StatusCodes.Status409Conflict, ProblemTypes.InputConflict, "This input id was used for another text."),
                    InputOutcome.Closed => Closed(),
                    _ => Lost(),
                });
    }

    // Idempotent: with nothing to stop there is nothing to do.
    private static Task<IResult> Stop(string id, HttpContext context, SessionHost host, string by = "user", string? input = null) =>
        WithSessionAsync(id, context, host, async session =>
        {
            var reason = by == "disconnect" ? CancelledBy.Disconnect : CancelledBy.User;
            return await session.StopAsync(reason, input, context.RequestAborted) is StopOutcome.Stopped { Turn: var turn }
                ? TypedResults.Ok(new JsonObject { ["turn"] = turn })
                : Lost();
        });

    private static Task<IResult> Patch(string id, JsonObject patch, HttpContext context, SessionHost host) =>
        WithSessionAsync(id, context, host, async session =>
            await session.PatchAsync(patch, context.RequestAborted) switch
            {
                PatchOutcome.Changed { Revision: var revision } => TypedResults.Ok(new JsonObject { ["revision"] = revision }),
                PatchOutcome.Refused { Problem: var problem } => Refused(problem),
                PatchOutcome.Closed => Closed(),
                _ => Lost(),
            });

    private static ProblemHttpResult Unknown() =>
        Problem.Of(StatusCodes.Status404NotFound, ProblemTypes.SessionNotFound, "There is no such session.");

    private static ProblemHttpResult Closed() =>
        Problem.Of(StatusCodes.Status409Conflict, ProblemTypes.SessionClosed, "The session is closed.");

    private static ProblemHttpResult StoreUnreachable() =>
        Problem.Of(StatusCodes.Status503ServiceUnavailable, ProblemTypes.Unavailable, "The sessions' store cannot be reached; try again.");

    // What was asked has not been done, or may be asked again.
    private static ProblemHttpResult Lost() => NotOwner("");

    private static ProblemHttpResult NotOwner(string owner) => Problem.Of(
        StatusCodes.Status421MisdirectedRequest, ProblemTypes.NotOwner, "This pod does not have the session.", owner);

    private static ProblemHttpResult Refused(SessionConfigProblem problem) => problem switch
    {
        SessionConfigProblem.Forbidden { Properties: var properties } => Problem.Of(
            StatusCodes.Status403Forbidden, ProblemTypes.Forbidden, "A session may not set this.",
            $"Not a session's to set, or to loosen: {string.Join(", ", properties)}."),
        SessionConfigProblem.Invalid { Errors: var errors } => Problem.Of(
            StatusCodes.Status422UnprocessableEntity, ProblemTypes.InvalidRequest, "The configuration would not be valid.",
            string.Join(' ', errors.Select(error => $"{error.Key}: {string.Join(' ', error.Value)}")), errors),
        _ => throw new InvalidOperationException($"{problem.GetType().Name} has no answer."),
    };
}
