using AspireAgent.Agent.Configuration;
using AspireAgent.Agent.EventLog;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Sessions;

/// <summary>What became of an input.</summary>
internal abstract record InputOutcome
{
    /// <summary>The log holds it; a repeat of the same id and text gets the same receipt.</summary>
    public sealed record Accepted(InputReceipt Receipt) : InputOutcome;

    /// <summary>The id was used for another text.</summary>
    public sealed record Conflict : InputOutcome;

    /// <summary>The session is closed.</summary>
    public sealed record Closed : InputOutcome;

    /// <summary>This pod may no longer write the session.</summary>
    public sealed record Lost : InputOutcome;
}

/// <summary>What became of a stop.</summary>
internal abstract record StopOutcome
{
    /// <summary>The turn's end is saved; null: there was none to end.</summary>
    public sealed record Stopped(string? Turn) : StopOutcome;

    /// <summary>This pod may no longer write the session.</summary>
    public sealed record Lost : StopOutcome;
}

/// <summary>What became of a change of the session's configuration.</summary>
internal abstract record PatchOutcome
{
    /// <summary>It holds.</summary>
    public sealed record Changed(long Revision) : PatchOutcome;

    /// <summary>A session may not set this, or it would not be valid.</summary>
    public sealed record Refused(SessionConfigProblem Problem) : PatchOutcome;

    /// <summary>The session is closed.</summary>
    public sealed record Closed : PatchOutcome;

    /// <summary>This pod may no longer write the session.</summary>
    public sealed record Lost : PatchOutcome;
}

/// <summary>Where a session is.</summary>
internal abstract record SessionLookup
{
    /// <summary>Here.</summary>
    public sealed record Here(Session Session) : SessionLookup;

    /// <summary>On another pod that is alive, or just now taken by one.</summary>
    public sealed record Elsewhere(string Instance) : SessionLookup;

    /// <summary>Nowhere. Where its first owner died before it wrote anything, this pod has <paramref name="Begun"/> it anew.</summary>
    public sealed record Unknown(WriteGrant? Begun = null) : SessionLookup;
}
