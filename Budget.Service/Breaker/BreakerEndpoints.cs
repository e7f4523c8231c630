using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Signals.Subscribing;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AspireAgent.Budget.Breaker;

/// <summary>The cost breaker over HTTP: how it stands, and an operator's orders to it.</summary>
internal static class BreakerEndpoints
{
    /// <summary>Registers the breaker; the ledger registers the <see cref="IBurnSource"/>.</summary>
    public static IServiceCollection AddBreaker(this IServiceCollection services)
    {
        // Not needed to be ready: without it the store's copy or the defaults hold.
        services.AddHttpClient(SignalClient<ConfigLayers>.HttpClientName).AddHttpMessageHandler<ServiceTokenHandler>().AsStreaming();
        services.AddSignal(ConfigKeys.Signal, new Uri("http://config/v1/config/signal"), WireJson.Tolerant.ConfigLayers, SignalFallback.None);
        return services
            .AddSingleton<BreakerKnobSource>().AddSingleton<BreakerStore>().AddSingleton<LatestBurn>().AddSingleton<BudgetMetrics>()
            .AddSingleton<BreakerWatch>().AddHostedService(provider => provider.GetRequiredService<BreakerWatch>());
    }

    public static void MapBreaker(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/budget/breaker").RequireAuthorization(TrustRegistration.OperatorPolicy).AddEndpointFilter<StoreFilter>();
        group.MapGet("/", async (BreakerWatch watch) => TypedResults.Ok(await watch.ReadBreakerAsync()));
        group.MapPost("/open", (OpenCostBreaker? order, HttpContext context, BreakerWatch watch) =>
            OrderAsync(order ?? new(), new BreakerOrder(CostBreakerState.Open, order?.Reason, order?.Action), context, watch));
        group.MapPost("/close", (CloseCostBreaker? order, HttpContext context, BreakerWatch watch) =>
            OrderAsync(order ?? new(), new BreakerOrder(CostBreakerState.Closed, order?.Reason), context, watch));
    }

    // The same order again changes nothing.
    private static async Task<Results<Ok<CostBreaker>, ProblemHttpResult>> OrderAsync(
        object request, BreakerOrder order, HttpContext context, BreakerWatch watch) => Problem.Validate(request) is { } invalid
        ? invalid
        : TypedResults.Ok(await watch.OrderAsync(order, Caller.Of(context.User).Subject, context.RequestAborted));
}
