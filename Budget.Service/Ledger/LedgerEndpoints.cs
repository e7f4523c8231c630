using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Budget.Limits;
using AspireAgent.Budget.Usage;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Budget;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using AspireAgent.Signals.Publishing;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AspireAgent.Budget.Ledger;

/// <summary>The ledger over HTTP: the pods' sync, the status, and the audit.</summary>
internal static class LedgerEndpoints
{
    private const int UsualAudit = 100;

    public static IServiceCollection AddLedger(this IServiceCollection services) => services
        .AddSingleton(new BudgetKeys()).AddSingleton<LedgerStore>().AddSingleton<AuditTrail>()
        .AddSingleton<LimitStore>().AddSingleton<UsageBook>().AddSingleton<BudgetLedger>().AddSingleton<IBurnSource>(provider => provider.GetRequiredService<BudgetLedger>())
        .AddSingleton<BudgetSource>().AddSignalPublisher<BudgetStatus, BudgetSource>();

    public static void MapLedger(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/budget").AddEndpointFilter<StoreFilter>();
        group.MapPost("/sync", Sync).RequireAuthorization(policy => policy.RequireRole(Caller.ServiceRole));
        var operators = group.MapGroup("").RequireAuthorization(TrustRegistration.OperatorPolicy);
        operators.MapGet("/", async (BudgetSource source, CancellationToken cancellationToken) =>
            TypedResults.Ok((await source.ReadAsync(cancellationToken)).Value));
        operators.MapGet("/audit", Audit);
        operators.MapLimits();
        operators.MapUsage();
    }

    private static async Task<Results<Ok<BudgetSyncReply>, ProblemHttpResult>> Sync(
        BudgetSync sync, BudgetLedger ledger, CancellationToken cancellationToken) =>
        Validate(sync) is { } invalid ? invalid : TypedResults.Ok(await ledger.SyncAsync(sync, cancellationToken));

    private static async Task<Results<Ok<BudgetAudit>, ProblemHttpResult>> Audit(AuditTrail audit, int limit = UsualAudit) =>
        limit is < 1 or > AuditTrail.Kept
            ? Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, $"limit goes from 1 to {AuditTrail.Kept}.")
            : TypedResults.Ok(new BudgetAudit(await audit.ReadAsync(limit)));

    private static ProblemHttpResult? Validate(BudgetSync sync)
    {
        object?[] parts = [sync, .. sync.Leases, .. sync.Uses];
        if (parts.Contains(null) || sync.Uses.Any(use => use.Models.Any(model => model is null)))
        {
            return Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, "A list has a null in it.");
        }

        return parts.Concat(sync.Uses.SelectMany(use => use.Models)).Select(part => Problem.Validate(part!)).FirstOrDefault(problem => problem is not null);
    }
}
