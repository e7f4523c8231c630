using AspireAgent.Agent.Models.Calls;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Models.Plans;

/// <summary>What a plan says: an update of the route that has won.</summary>
/// <param name="Route">The route.</param>
/// <param name="Request">What it was asked.</param>
/// <param name="Update">Its update.</param>
/// <param name="Hops">With the first update, how it came to this route; empty: at once.</param>
internal sealed record Spoken(ModelRoute Route, ModelRequest Request, ChatResponseUpdate Update, IReadOnlyList<Hop> Hops);

/// <summary>A step from one route to the next.</summary>
/// <param name="From">The route that did not do.</param>
/// <param name="To">The next.</param>
/// <param name="Why">A slug.</param>
/// <param name="How">What becomes of what was said.</param>
internal sealed record Hop(string From, string To, string Why, SwitchedHow How);
