using AspireAgent.Simulator.Chat;
using AspireAgent.Simulator.Embeddings;
using AspireAgent.Simulator.Faults;
using AspireAgent.Simulator.Keys;
using AspireAgent.Simulator.Requests;
using AspireAgent.Simulator.Text;
using AspireAgent.Simulator.Tools;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AspireAgent.Simulator;

/// <summary>
/// The vendor's API under <c>/v1</c>, a tool's under <c>/tools</c>, and under <c>/admin</c>, without a key from this machine, what a test
/// wants to know and to order.
/// </summary>
internal static class SimulatorEndpoints
{
    public static IServiceCollection AddSimulator(this IServiceCollection services)
    {
        services.AddOptionsWithValidateOnStart<SimulatorOptions, SimulatorOptionsValidator>().BindConfiguration(SimulatorOptions.Section);
        return services
            .AddSingleton<Tokens>().AddSingleton<AnswerWriter>().AddSingleton<Tempo>()
            .AddSingleton<FaultPlan>().AddSingleton<RequestLog>().AddSingleton<KeyRing>()
            .AddSingleton<ChatSender>().AddSingleton<ChatEndpoint>().AddSingleton<EmbeddingsEndpoint>().AddSingleton<ToolEndpoint>();
    }

    public static void MapSimulator(this WebApplication app)
    {
        // Loaded now, not in the first request's time.
        _ = app.Services.GetRequiredService<AnswerWriter>();
        _ = app.Services.GetRequiredService<Tokens>().Count("warm");

        var all = app.MapGroup("").AddEndpointFilter<RouteGroupBuilder, KeyFilter>();
        MapVendor(all);
        MapVendor(all.MapGroup(FaultyAddress.Prefix).AddEndpointFilter<RouteGroupBuilder, FaultyAddress>());
        all.MapGet("/tools/{name}", (HttpContext context, string name, ToolEndpoint tool, int delay = 0, int status = StatusCodes.Status200OK) =>
            tool.HandleAsync(context, name, delay, status));
        MapAdmin(all.MapGroup("/admin"));
    }

    private static void MapVendor(RouteGroupBuilder api)
    {
        api.MapPost("/v1/chat/completions", (HttpContext context, ChatEndpoint chat) => chat.HandleAsync(context));
        api.MapPost("/v1/embeddings", (HttpContext context, EmbeddingsEndpoint embeddings) => embeddings.HandleAsync(context));
        api.MapGet("/v1/models", () => new { @object = "list", data = ModelProfile.All.Select(Describe) });
    }

    private static void MapAdmin(RouteGroupBuilder admin)
    {
        admin.MapGet("/requests", (RequestLog log) => log.Current);
        admin.MapDelete("/requests", (RequestLog log) => log.Clear());
        admin.MapGet("/faults", (FaultPlan plan) => plan.Current);
        admin.MapPost("/faults", Order);
        admin.MapDelete("/faults", (FaultPlan plan) => plan.Clear());
        admin.MapPut("/keys", ReplaceKeys);
    }

    private static Results<Ok, BadRequest<string>> Order(Fault fault, FaultPlan plan)
    {
        try
        {
            FaultSpec.Check(fault);
        }
        catch (FormatException exception)
        {
            return TypedResults.BadRequest(exception.Message);
        }

        plan.Add(fault);
        return TypedResults.Ok();
    }

    private static Results<Ok, BadRequest<string>> ReplaceKeys(string[] keys, KeyRing ring)
    {
        if (keys.Any(string.IsNullOrEmpty))
        {
            return TypedResults.BadRequest("A key must not be empty.");
        }

        ring.Replace(keys);
        return TypedResults.Ok();
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
}
