using AspireAgent.Contracts.Budget;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Signals.Publishing;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AspireAgent.Budget.Ledger;

/// <summary>The ledger over HTTP: its state, its limit, and what turns have used.</summary>
internal static class LedgerEndpoints
{
    public static IServiceCollection AddLedger(this IServiceCollection services) => services
        .AddSingleton<SystemLedger>()
        .AddSignalPublisher<BudgetStatus, SystemLedger>();

    public static void MapLedger(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/budget");
        group.MapGet("/", async (SystemLedger ledger, CancellationToken cancellationToken) =>
            TypedResults.Ok((await ledger.ReadAsync(cancellationToken)).Value)).RequireAuthorization(TrustRegistration.OperatorPolicy);
        group.MapPut("/limits/system", Limit).RequireAuthorization(TrustRegistration.OperatorPolicy);
        group.MapPost("/uses", Settle).RequireAuthorization(policy => policy.RequireRole(Caller.ServiceRole));
    }

    private static async Task<Results<Ok<BudgetStatus>, ProblemHttpResult>> Limit(BudgetLimit limit, SystemLedger ledger) =>
        Problem.Validate(limit) is { } invalid ? invalid : TypedResults.Ok((await ledger.LimitAsync(limit)).Value);

    private static async Task<Results<Ok<BudgetStatus>, ProblemHttpResult>> Settle(BudgetUse use, SystemLedger ledger) =>
        Problem.Validate(use) is { } invalid ? invalid : TypedResults.Ok((await ledger.SettleAsync(use)).Value);
}
