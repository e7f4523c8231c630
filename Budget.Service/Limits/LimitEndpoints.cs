using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Budget;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;

namespace AspireAgent.Budget.Limits;

/// <summary>Limits for operators: <c>limits/system</c>, <c>limits/tier/{name}</c>, <c>limits/tenant/{name}</c>. A change is in the signal at once.</summary>
internal static class LimitEndpoints
{
    private const int LongestWhy = 512;

    public static void MapLimits(this RouteGroupBuilder operators)
    {
        operators.MapGet("/limits", async (LimitStore limits) => TypedResults.Ok(await limits.NodesAsync()));
        Map(operators, "/limits/system", _ => BudgetNames.System);
        Map(operators, "/limits/tier/{name}", BudgetNames.Tier);
        Map(operators, "/limits/tenant/{name}", BudgetNames.Tenant);
    }

    private static void Map(RouteGroupBuilder operators, string pattern, Func<string, string> nameOf)
    {
        var limit = operators.MapGroup(pattern);
        limit.MapGet("/", (HttpContext context, LimitStore limits) => With(context, async name =>
            await limits.StandAsync(name) is { } state ? TypedResults.Ok(state.Node) : NoLimit()));
        limit.MapPut("/", (BudgetLimit wanted, HttpContext context, LimitStore limits, BudgetSource source, string? why) => With(context, async name =>
        {
            if (Check(name, wanted, why) is { } problem)
            {
                return problem;
            }

            await SetAsync(name, wanted, context, limits, source, why);
            return await limits.StandAsync(name) is { } state ? TypedResults.Ok(state.Node) : NoLimit();
        }));
        limit.MapDelete("/", (HttpContext context, LimitStore limits, BudgetSource source, string? why) => With(context, async name =>
            CheckWhy(why) is { } problem ? problem
            : await SetAsync(name, null, context, limits, source, why) || name == BudgetNames.System ? TypedResults.NoContent() : NoLimit()));

        Task<IResult> With(HttpContext context, Func<string, Task<IResult>> use) =>
            context.GetRouteValue("name") is not string name || BudgetNames.IsValid(name)
                ? use(nameOf(context.GetRouteValue("name") as string ?? ""))
                : Task.FromResult<IResult>(Problem.Of(
                    StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest,
                    "A tier's or tenant's name has 1 to 64 letters, digits and . _ @ : -, and begins with a letter or digit."));
    }

    private static async Task<bool> SetAsync(
        string name, BudgetLimit? limit, HttpContext context, LimitStore limits, BudgetSource source, string? why)
    {
        var changed = await limits.SetAsync(name, limit, Caller.Of(context.User).Subject, why, context.RequestAborted);
        if (changed)
        {
            await source.WakeAsync();
        }

        return changed;
    }

    // The signal tells the system's tokens: there must be such a number.
    private static IResult? Check(string name, BudgetLimit limit, string? why) =>
        Problem.Validate(limit) is { } invalid ? invalid
        : name == BudgetNames.System && limit.LimitTokens is null
            ? Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, "The system's limit needs limitTokens.")
        : CheckWhy(why);

    private static IResult? CheckWhy(string? why) => why?.Length > LongestWhy
        ? Problem.Of(StatusCodes.Status400BadRequest, ProblemTypes.InvalidRequest, $"why has at most {LongestWhy} characters.")
        : null;

    private static IResult NoLimit() =>
        Problem.Of(StatusCodes.Status404NotFound, ProblemTypes.NotFound, "No limit is set here.");
}
