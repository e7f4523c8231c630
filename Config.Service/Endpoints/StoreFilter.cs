using StackExchange.Redis;

namespace AspireAgent.Config.Endpoints;

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
            return WriteProblems.Unavailable();
        }
    }
}
