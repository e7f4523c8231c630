using AspireAgent.Agent.Models.Calls;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Agent.Models.Plans;

/// <summary>What a turn wants of a plan.</summary>
/// <param name="Plan">The plan.</param>
/// <param name="Routes">Those of its routes that may answer, in the order in which they are asked.</param>
/// <param name="Prepare">Makes the request for a route.</param>
/// <param name="Knobs">The knobs as the call begins.</param>
/// <param name="Context">What the turn offers.</param>
/// <param name="LastResort">Answers when no route can; null: then it fails.</param>
/// <param name="After">What the answer comes after, where something has been said: the route that broke off, why, and how it goes on.</param>
internal sealed record PlanCall(
    ModelPlan Plan, IReadOnlyList<RouteCaller> Routes, Func<ModelRoute, ModelRequest> Prepare, LiveKnobs Knobs, CallContext Context,
    ModelRoute? LastResort = null, Hop? After = null);
