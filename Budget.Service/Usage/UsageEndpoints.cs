using AspireAgent.Contracts;
using AspireAgent.Contracts.Budget;
using AspireAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace AspireAgent.Budget.Usage;

/// <summary><c>GET usage?from=&amp;to=&amp;tenant=&amp;tier=&amp;model=</c>: by hour; the last day unless said otherwise.</summary>
internal static class UsageEndpoints
{
    private static readonly TimeSpan Usual = TimeSpan.FromHours(24);

    public static void MapUsage(this RouteGroupBuilder operators) => operators.MapGet("/usage", Read);

    private static async Task<Results<Ok<UsageReport>, ProblemHttpResult>> Read(
        UsageBook usage, DateTimeOffset? from, DateTimeOffset? to, string? tenant, string? tier, string? model, CancellationToken cancellationToken)
    {
        var now = await usage.NowAsync();
        var end = to ?? now;
        var start = from ?? (end - DateTimeOffset.MinValue > Usual ? end - Usual : DateTimeOffset.MinValue);
        return end <= start || end - start > UsageBook.Kept
            ? Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, $"from is before to, by at most {UsageBook.Kept.TotalDays} days.")
            : TypedResults.Ok(await usage.ReadAsync(start, end < now ? end : now, tenant, tier, model, cancellationToken));
    }
}
