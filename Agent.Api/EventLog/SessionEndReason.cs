namespace AspireAgent.Agent.EventLog;

/// <summary>Why a pod no longer has a session.</summary>
internal enum SessionEndReason
{
    /// <summary>It was closed or let go of here, all written.</summary>
    Closed,

    /// <summary>All is written, and nobody has it now.</summary>
    HandedOver,

    /// <summary>Another pod took it.</summary>
    Fenced,

    /// <summary>The log is not where it was left.</summary>
    Gap,

    /// <summary>Redis did not answer for too long.</summary>
    StoreUnreachable,

    /// <summary>Something went wrong that nobody foresaw.</summary>
    Broken,
}
