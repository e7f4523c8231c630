using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Models.Plans;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Models;

/// <summary>
/// The routes of this deployment, each with its client (telemetry, then chaos, then the wire) and its health, and the plans that they
/// make.
/// </summary>
internal sealed class ModelCatalog : IDisposable
{
    /// <summary>Name of the <see cref="HttpClient"/> that carries the calls.</summary>
    public const string HttpClientName = "models";

    private readonly Dictionary<string, RouteCaller> _routes;
    private readonly Dictionary<string, ModelPlan> _plans;
    private readonly IReadOnlyDictionary<string, string> _tiers;
    private readonly ModelPlan _default;

    /// <param name="routes">All routes.</param>
    /// <param name="plans">Names of routes, by the plan's name. A route's own name is a plan, too: it, then those of the default plan.</param>
    /// <param name="defaultPlan">The plan, or route, that serves unless another is named.</param>
    /// <param name="tiers">Plans of tiers.</param>
    public ModelCatalog(
        IEnumerable<RouteCaller> routes, IReadOnlyDictionary<string, string[]> plans, string defaultPlan,
        IReadOnlyDictionary<string, string>? tiers = null)
    {
        _routes = routes.ToDictionary(caller => caller.Route.Name, StringComparer.Ordinal);
        _tiers = tiers ?? new Dictionary<string, string>();
        _plans = plans.ToDictionary(
            plan => plan.Key, plan => new ModelPlan(plan.Key, [.. plan.Value.Select(name => _routes[name])]), StringComparer.Ordinal);
        var behind = _plans.TryGetValue(defaultPlan, out var named) ? named.Routes : [_routes[defaultPlan]];
        foreach (var (name, caller) in _routes)
        {
            _plans[name] = new ModelPlan(name, [caller, .. behind.Where(other => other != caller)]);
        }

        _default = _plans[defaultPlan];
    }

    /// <summary>The routes and plans that the deployment has configured.</summary>
    public static ModelCatalog FromOptions(ModelOptions options, Func<string, ModelRouteOptions, IChatClient> client, Func<ModelRoute, RouteCaller> caller) => new(
        options.Routes.Select(route => caller(new ModelRoute(route.Key, route.Value.Model, client(route.Key, route.Value), route.Value.ContextTokens)
        {
            Prefill = route.Value.Prefill,
            Tools = route.Value.Tools,
            InputMicroUsdPerMillion = route.Value.InputMicroUsdPerMillion,
            OutputMicroUsdPerMillion = route.Value.OutputMicroUsdPerMillion,
            FallbackCalls = route.Value.FallbackCalls,
            FirstTokenTimeout = route.Value.FirstTokenTimeout,
            TokenTimeout = route.Value.TokenTimeout,
            TotalTimeout = route.Value.TotalTimeout,
        })),
        options.Plans, options.Default.Length > 0 ? options.Default : options.Plans.Keys.Concat(options.Routes.Keys).First(), options.Tiers);

    /// <summary>Names of all plans and routes.</summary>
    public IEnumerable<string> Names => _plans.Keys.Order(StringComparer.Ordinal);

    /// <summary>Whether there is a plan or a route of that name.</summary>
    public bool Has(string name) => _plans.ContainsKey(name);

    /// <summary>The plan or route of that name, else the tier's, else the default one.</summary>
    public ModelPlan PlanFor(string? name, string tier) =>
        name is not null && _plans.TryGetValue(name, out var wanted) ? wanted
        : _tiers.TryGetValue(tier, out var ofTier) ? _plans[ofTier]
        : _default;

    /// <summary>The plan that the open cost breaker moves a turn to: the one of that name or, where there is none, the last route of its own.</summary>
    public ModelPlan CheapPlan(ModelPlan wanted, string? name) =>
        name is not null && _plans.TryGetValue(name, out var cheap) ? cheap : wanted with { Routes = [wanted.Routes[^1]] };

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var caller in _routes.Values)
        {
            caller.Health.Dispose();
            caller.Route.Client.Dispose();
        }
    }
}
