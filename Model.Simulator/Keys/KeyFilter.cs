using System.Net;
using AspireAgent.Simulator.Chat;

namespace AspireAgent.Simulator.Keys;

/// <summary>Asks every call for a key, but those of <c>/admin</c> from this machine.</summary>
internal sealed class KeyFilter(KeyRing keys) : IEndpointFilter
{
    public ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var isLocalAdmin = http.Request.Path.StartsWithSegments("/admin")
            && http.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote);
        if (!keys.Admits(http.Request.Headers.Authorization, out var key) && !isLocalAdmin)
        {
            return ValueTask.FromResult<object?>(TypedResults.Json(
                ChatReplies.Error("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
                statusCode: StatusCodes.Status401Unauthorized));
        }

        http.Features.Set(new CallerKey(key));
        return next(context);
    }
}

/// <summary>The key that a call came with, by its place among the keys; null: none was needed.</summary>
internal sealed record CallerKey(int? Index);
