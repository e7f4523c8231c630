namespace AspireAgent.Contracts.Instances;

/// <summary>Keys and channels in Redis by which pods know of each other. No command touches two of them at once.</summary>
public static class InstanceKeys
{
    /// <summary>Set: the names of all instances that are alive, or are dead and have left something to go on with.</summary>
    public const string Names = "instances";

    /// <summary>Set of sessions that were handed over while something ran or waited in them; and the channel that tells of one.</summary>
    public const string Released = "sessions:released";

    /// <summary>Hash: one instance; lapses without its heartbeat.</summary>
    public static string Of(string instance) => $"instance:{instance}";

    /// <summary>Set: the instance's sessions in which something runs or waits. It outlives the instance.</summary>
    public static string Busy(string instance) => $"instance:{instance}:busy";

    /// <summary>String: the order to drain that the instance has, while it has one; and the channel that tells of a change.</summary>
    public static string Drain(string instance) => $"instance:{instance}:drain";

    /// <summary>Channel: ids of sessions that somebody else took from the instance.</summary>
    public static string Taken(string instance) => $"instance:{instance}:taken";
}
