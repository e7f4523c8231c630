using System.Globalization;
using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Budget.Breaker;

/// <summary>The knobs, and the configuration's revision that they are of; 0: the defaults.</summary>
internal sealed record BreakerKnobs(long Revision, BudgetKnobs Budget)
{
    public static BreakerKnobs Default { get; } = new(0, new BudgetKnobs());
}

/// <summary>A change of the breaker, and what the audit says of it.</summary>
/// <param name="Next">The breaker from now on.</param>
/// <param name="Audit">Who, when, what, why.</param>
/// <param name="Why">The same as a word of a closed set.</param>
internal sealed record BreakerStep(BreakerRecord Next, BudgetAuditRecord Audit, string Why);

/// <summary>
/// What the cost breaker does next. Closed, it opens by velocity; open, it tries again when its cool-down is over; on trial, it opens
/// again by velocity, for twice as long, or closes after a short window of calm. An order opens it until an order closes it, which also
/// forgives what was burnt until then.
/// </summary>
internal static class BreakerRules
{
    public const string Velocity = "velocity";
    public const string CoolDown = "cool-down";
    public const string Calm = "calm";
    public const string Config = "config";
    public const string Operator = "operator";

    private const int MostDoublings = 4;

    // Past it no baseline reaches back to a spike.
    private const double SpikesKeptSeconds = BurnVelocity.BaselineSeconds + 300;

    /// <summary>The change that is due by itself; null: none.</summary>
    public static BreakerStep? Next(BreakerRecord breaker, BreakerReading reading, BreakerKnobs knobs) => breaker.State switch
    {
        CostBreakerState.Closed when reading.IsOver(knobs.Budget) => Trip(breaker, reading, knobs, failures: 0),
        CostBreakerState.HalfOpen when reading.IsOver(knobs.Budget) => Trip(breaker, reading, knobs, breaker.Failures + 1),
        CostBreakerState.HalfOpen when reading.Now - breaker.Since >= knobs.Budget.VelocityWindowSeconds =>
            Step(breaker, Closed(breaker, reading.Now), Calm, Calm, Of(reading, knobs.Budget), reading.Now),
        CostBreakerState.Open when breaker.Until <= reading.Now => Step(
            breaker, breaker with { State = CostBreakerState.HalfOpen, Since = reading.Now, Until = null, JudgedFrom = reading.Now },
            CoolDown, CoolDown, Of(reading, knobs.Budget), reading.Now),
        CostBreakerState.Open when !breaker.IsActionOrdered && knobs.Revision > breaker.KnobRevision && Acting(breaker, knobs) is var acting
            && (acting.Action, acting.Plan) != (breaker.Action, breaker.Plan) =>
            Step(breaker, acting, Config, Config, "The configuration's action has changed.", reading.Now),
        _ => null,
    };

    /// <summary>The change that an operator orders; null: it is as ordered already.</summary>
    public static BreakerStep? Order(BreakerRecord breaker, BreakerOrder order, string by, BreakerReading reading, BreakerKnobs knobs)
    {
        if (order.State is not CostBreakerState.Open)
        {
            return breaker.State is CostBreakerState.Closed ? null
                : Step(breaker, Closed(breaker, reading.Now) with { JudgedFrom = reading.Now }, Operator, by, order.Reason, reading.Now);
        }

        var next = Acting(Opened(breaker, reading, knobs) with { IsActionOrdered = order.Action is not null }, knobs, order.Action);
        return breaker is { State: CostBreakerState.Open, Until: null }
            && (next.Action, next.Plan, next.IsActionOrdered) == (breaker.Action, breaker.Plan, breaker.IsActionOrdered)
            ? null
            : Step(breaker, next, Operator, by, order.Reason, reading.Now);
    }

    private static BreakerStep Trip(BreakerRecord breaker, BreakerReading reading, BreakerKnobs knobs, int failures)
    {
        var coolDown = knobs.Budget.BreakerCoolDownSeconds * (1 << Math.Min(failures, MostDoublings));
        var next = Acting(Opened(breaker, reading, knobs) with { Until = reading.Now + coolDown, Failures = failures, IsActionOrdered = false }, knobs);
        return Step(breaker, next, Velocity, Velocity, Of(reading, knobs.Budget), reading.Now);
    }

    // The window that shows the spike is of the spike, unless an earlier one has it.
    private static BreakerRecord Opened(BreakerRecord breaker, BreakerReading reading, BreakerKnobs knobs) => breaker with
    {
        State = CostBreakerState.Open,
        Since = breaker.State is CostBreakerState.Open ? breaker.Since : reading.Now,
        Until = null,
        Baseline = reading.Rate.BaselineTokensPerMinute,
        LeavesOutFrom = breaker.LeavesOutFrom
            ?? Math.Max(reading.Now - knobs.Budget.VelocityWindowSeconds, breaker.LeftOut.Count > 0 ? breaker.LeftOut[^1].To : 0),
    };

    private static BreakerRecord Closed(BreakerRecord breaker, double now) => breaker with
    {
        State = CostBreakerState.Closed,
        Since = now,
        Until = null,
        Failures = 0,
        LeavesOutFrom = null,
        LeftOut = [.. breaker.LeftOut.Append(new SecondSpan(breaker.LeavesOutFrom ?? now, now)).Where(spike => spike.To > now - SpikesKeptSeconds)],
    };

    private static BreakerRecord Acting(BreakerRecord breaker, BreakerKnobs knobs, CostAction? ordered = null)
    {
        var action = ordered ?? knobs.Budget.BreakerAction;
        return breaker with
        {
            Action = action,
            Plan = action is CostAction.Downgrade ? knobs.Budget.CheapPlan : null,
            KnobRevision = knobs.Revision,
        };
    }

    private static BreakerStep Step(BreakerRecord from, BreakerRecord to, string why, string by, string? reason, double now) => new(
        to with { Revision = from.Revision + 1 },
        new BudgetAuditRecord(BreakerRecord.Instant(now), by, "breaker", $"{from}", $"{to}", reason), why);

    // "600000 tokens/minute over 10 s; baseline 100000, factor 3, floor 100000"
    private static string Of(BreakerReading reading, BudgetKnobs knobs) => string.Create(
        CultureInfo.InvariantCulture,
        $"{reading.JudgedVelocity:0} tokens/minute over {knobs.VelocityWindowSeconds} s; baseline {(reading.Rate.BaselineTokensPerMinute is { } baseline ? baseline.ToString("0", CultureInfo.InvariantCulture) : "unknown")}, factor {knobs.VelocityFactor}, floor {knobs.VelocityFloor}");
}
