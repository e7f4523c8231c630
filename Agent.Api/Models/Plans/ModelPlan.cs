using AspireAgent.Agent.Models.Calls;

namespace AspireAgent.Agent.Models.Plans;

/// <summary>Routes in order: the first that can serves. After them comes the last resort, by rule.</summary>
internal sealed record ModelPlan(string Name, IReadOnlyList<RouteCaller> Routes)
{
    /// <summary>The one that serves while all is well.</summary>
    public RouteCaller First => Routes[0];

    /// <summary>The same routes, those of <paramref name="route"/>'s name last: it has just failed.</summary>
    public IReadOnlyList<RouteCaller> Without(string route) => [.. Routes.OrderBy(caller => caller.Route.Name == route)];

    /// <summary>The same routes, those of <paramref name="route"/>'s name first: it has just served.</summary>
    public IReadOnlyList<RouteCaller> From(string? route) => [.. Routes.OrderBy(caller => caller.Route.Name != route)];
}
