using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Tools;

/// <summary>What it means to run a tool twice.</summary>
internal enum ToolEffect
{
    /// <summary>Nothing: it only looks. Such a tool can be hedged, and a shadow may call it.</summary>
    ReadOnly,

    /// <summary>The same as to run it once, by its nature or by the operation's id (<see cref="ToolOperation"/>).</summary>
    Idempotent,

    /// <summary>That it happens twice: it is never run again of our own accord.</summary>
    Effectful,
}

/// <summary>The effects as <see cref="ToolCalled.Effect"/> has them.</summary>
internal static class ToolEffects
{
    private const string ReadOnly = "read-only";
    private const string Idempotent = "idempotent";
    private const string Effectful = "effectful";

    public static string ToWire(this ToolEffect effect) => effect switch
    {
        ToolEffect.ReadOnly => ReadOnly,
        ToolEffect.Idempotent => Idempotent,
        _ => Effectful,
    };

    /// <summary>Whether a call of which nobody knows what came of it may be made again, as after a crash.</summary>
    public static bool MayRunAgain(this ToolCalled call) => call.Effect is ReadOnly or Idempotent;
}
