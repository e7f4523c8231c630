using AspireAgent.Simulator.Chat;

namespace AspireAgent.Simulator.Faults;

/// <summary>
/// Reads the fault from an address such as <c>/faulty/cut=5;drip=100/v1/chat/completions</c>: a route of a fleet can have its fault in
/// its endpoint, and tests need not order in turn.
/// </summary>
internal sealed class FaultyAddress : IEndpointFilter
{
    public const string Prefix = "/faulty/{spec}";

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            context.HttpContext.Features.Set(FaultSpec.Parse(context.HttpContext.GetRouteValue("spec") as string));
        }
        catch (FormatException exception)
        {
            return TypedResults.Json(
                ChatReplies.Error(exception.Message, "invalid_request_error", null), statusCode: StatusCodes.Status400BadRequest);
        }

        return await next(context);
    }
}
