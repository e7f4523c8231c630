using AspireAgent.Simulator.Chat;
using AspireAgent.Simulator.Embeddings;
using AspireAgent.Simulator.Faults;
using AspireAgent.Simulator.Requests;
using AspireAgent.Simulator.Text;
using System.Net;
using Microsoft.Extensions.Options;

namespace AspireAgent.Simulator;

/// <summary>
/// The vendor's API under <c>/v1</c>, and under <c>/admin</c>, without a key from this machine, what a test wants to know and to
/// order.
/// </summary>
internal static class SimulatorEndpoints
{
    public static IServiceCollection AddSimulator(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<SimulatorOptions, SimulatorOptionsValidator>().BindConfiguration(SimulatorOptions.Section);
        return services
            .AddSingleton<Tokens>().AddSingleton<AnswerWriter>().AddSingleton<Tempo>()
            .AddSingleton<FaultPlan>().AddSingleton<RequestLog>()
            .AddSingleton<ChatEndpoint>().AddSingleton<EmbeddingsEndpoint>();
    }

    public static void MapSimulator(this WebApplication app)
    {
        // Loaded now, not in the first request's time.
        _ = app.Services.GetRequiredService<AnswerWriter>();
        _ = app.Services.GetRequiredService<Tokens>().Count("warm");

        var api = app.MapGroup("").AddEndpointFilter(RequireKeyAsync);
        api.MapPost("/v1/chat/completions", (HttpContext context, ChatEndpoint chat) => chat.HandleAsync(context));
        api.MapPost("/v1/embeddings", (HttpContext context, EmbeddingsEndpoint embeddings) => embeddings.HandleAsync(context));
        api.MapGet("/v1/models", () => new { @object = "list", data = ModelProfile.All.Select(Describe) });

        var admin = api.MapGroup("/admin");
        admin.MapGet("/requests", (RequestLog log) => log.Current);
        admin.MapDelete("/requests", (RequestLog log) => log.Clear());
        admin.MapGet("/faults", (FaultPlan plan) => plan.Current);
        admin.MapPost("/faults", (Fault fault, FaultPlan plan) => plan.Add(fault));
        admin.MapDelete("/faults", (FaultPlan plan) => plan.Clear());
    }

    private static object Describe(ModelProfile model) => new
    {
        id = model.Name,
        @object = "model",
        created = 0,
        owned_by = "aspireagent-simulator",
        input_usd_per_million = model.InputUsdPerMillion,
        output_usd_per_million = model.OutputUsdPerMillion,
        prefill = model.Prefill,
    };

    private static async ValueTask<object?> RequireKeyAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var options = context.HttpContext.RequestServices.GetRequiredService<IOptions<SimulatorOptions>>().Value;
        var request = context.HttpContext;
        var isLocalAdmin = request.Request.Path.StartsWithSegments("/admin")
            && request.Connection.RemoteIpAddress is { } remote && IPAddress.IsLoopback(remote);
        return isLocalAdmin || options.ApiKey.Length == 0 || request.Request.Headers.Authorization == $"Bearer {options.ApiKey}"
            ? await next(context)
            : TypedResults.Json(
                ChatReplies.Error("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"),
                statusCode: StatusCodes.Status401Unauthorized);
    }
}
