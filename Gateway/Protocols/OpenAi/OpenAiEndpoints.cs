using AspireAgent.Contracts;
using AspireAgent.Gateway.Routing;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Gateway.Protocols.OpenAi;

/// <summary>The OpenAI-compatible surface.</summary>
internal static class OpenAiEndpoints
{
    public static IServiceCollection AddOpenAi(this IServiceCollection services)
    {
        // Before the default writer: the first that can write does.
        services.Insert(0, ServiceDescriptor.Singleton<IProblemDetailsWriter, OpenAiProblemWriter>());
        return services.AddSingleton<CompletionsEndpoint>();
    }

    public static void MapOpenAi(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/v1/chat/completions", (HttpContext context, CompletionsEndpoint completions) => completions.HandleAsync(context));
        routes.MapGet("/v1/models", Models);
    }

    private static async Task<IResult> Models(HttpContext context, PodClient pods, TimeProvider time)
    {
        try
        {
            // Any pod knows them: an id that is nobody's yet finds one.
            return new RelayedResult(await pods.SendAsync(
                PodCall.Open, Caller.Of(context.User), SortableId.New(time), HttpMethod.Get, "/v1/models", null, context.RequestAborted));
        }
        catch (PodUnavailableException)
        {
            return PodUnavailableException.ToProblem();
        }
    }
}
