namespace AspireAgent.AppHost.Tests.Models;

/// <summary>A continuation policy, and a plan whose second route is well and can go on with another's words, or cannot.</summary>
/// <param name="Name">In words.</param>
/// <param name="Policy"><c>continuation.policy</c>.</param>
/// <param name="OnNoPrefill"><c>continuation.onNoPrefill</c>.</param>
/// <param name="Next">The second route.</param>
/// <param name="Late">What becomes of an answer that breaks off after its first words.</param>
internal sealed record PolicyCase(string Name, string Policy, string OnNoPrefill, NextRoute Next, Fate Late)
{
    public static IReadOnlyList<PolicyCase> All { get; } =
    [
        new("continue", "continue", "restart", NextRoute.Able, Fate.GoesOn),
        new("continue, else restart", "continue", "restart", NextRoute.Unable, Fate.Anew),
        new("continue, else stop", "continue", "stop", NextRoute.Unable, Fate.Fails),
        new("restart", "restart", "restart", NextRoute.Able, Fate.Anew),
        new("stop", "stop", "restart", NextRoute.Able, Fate.Fails),
    ];

    /// <summary>What becomes of an answer with a fault. Before the first word the policy has no say.</summary>
    public Fate FateOf(FaultCase fault) => fault switch
    {
        { Why: null } => Fate.Own,
        { IsLate: false } => Fate.Next,
        _ => Late,
    };
}

/// <summary>A route that is well.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Model">The simulator's.</param>
/// <param name="Prefill">How it goes on with an answer that was cut off.</param>
internal sealed record NextRoute(string Name, string Model, string Prefill)
{
    public static readonly NextRoute Able = new("good", "sim-small", "LastAssistant");
    public static readonly NextRoute Unable = new("mute", "sim-noprefill", "None");
}

/// <summary>What becomes of an answer.</summary>
internal enum Fate
{
    /// <summary>The first route answers.</summary>
    Own,

    /// <summary>The second route answers.</summary>
    Next,

    /// <summary>The second route goes on after the first one's words.</summary>
    GoesOn,

    /// <summary>The first one's words are taken back, and the second one answers.</summary>
    Anew,

    /// <summary>The turn fails.</summary>
    Fails,
}
