namespace AspireAgent.Contracts.Sessions;

/// <summary>A session's keys in Redis. The hash tag puts them in one slot, so one script may touch them all.</summary>
public static class SessionKeys
{
    /// <summary>
    /// Hash: <c>token</c>; <c>instance</c>, empty while nobody has the session; then <c>released</c> says why its last owner let go.
    /// </summary>
    public static string Owner(string session) => $"session:{{{session}}}:owner";

    /// <summary>List: one JSON event an element; the seq of element i is base + i.</summary>
    public static string Log(string session) => $"session:{{{session}}}:log";

    /// <summary>String: a <see cref="SessionCheckpoint"/>.</summary>
    public static string State(string session) => $"session:{{{session}}}:state";

    /// <summary>
    /// Hash: <c>base</c>, <c>lastBatch</c>, <c>checkpoint</c> (the seq of the one there is), <c>running</c> (a turn's id), <c>takeovers</c> (when
    /// a gateway forced one, the last three), <c>tenant</c>, <c>group</c>, <c>cohort</c>, <c>config</c> and <c>configRevision</c> (the session
    /// layer as the log has it, for whoever shows it), and <c>writer:{epoch}</c> = first seq and nonce.
    /// </summary>
    public static string Meta(string session) => $"session:{{{session}}}:meta";

    /// <summary>The field of <see cref="Owner"/> that holds the fencing token.</summary>
    public const string TokenField = "token";

    /// <summary>The field of <see cref="Owner"/> that names the owning instance.</summary>
    public const string InstanceField = "instance";

    /// <summary>The field of <see cref="Owner"/> that says why nobody has it.</summary>
    public const string ReleasedField = "released";

    /// <summary>The field of <see cref="Meta"/> that names the turn that runs.</summary>
    public const string RunningField = "running";

    /// <summary>The field of <see cref="Meta"/> that names the tenant.</summary>
    public const string TenantField = "tenant";

    /// <summary>The field of <see cref="Meta"/> that names the group of whoever opened it.</summary>
    public const string GroupField = "group";

    /// <summary>The field of <see cref="Meta"/> that holds the cohort's label.</summary>
    public const string CohortField = "cohort";

    /// <summary>The field of <see cref="Meta"/> that holds the session layer; JSON.</summary>
    public const string ConfigField = "config";

    /// <summary>The field of <see cref="Meta"/> that holds the session layer's revision.</summary>
    public const string ConfigRevisionField = "configRevision";
}
