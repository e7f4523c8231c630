using AspireAgent.Contracts;
using AspireAgent.ServiceDefaults.Problems;
using StackExchange.Redis;

namespace AspireAgent.Budget.Ledger;

/// <summary>A store that does not answer is said in words.</summary>
internal sealed class StoreFilter : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            return Problem.Of(
                StatusCodes.Status503ServiceUnavailable, ProblemTypes.Unavailable, "The budget's store cannot be reached.",
                "It may or may not have been done. What is told by totals or ids may be told again; an order is read first.");
        }
    }
}
