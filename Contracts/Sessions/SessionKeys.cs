namespace AspireAgent.Contracts.Sessions;

/// <summary>A session's keys in Redis. The hash tag puts them in one slot, so one script may touch them all.</summary>
public static class SessionKeys
{
    /// <summary>Hash: <c>token</c>, <c>instance</c>.</summary>
    public static string Owner(string session) => $"session:{{{session}}}:owner";

    /// <summary>List: one JSON event an element; the seq of element i is base + i.</summary>
    public static string Log(string session) => $"session:{{{session}}}:log";

    /// <summary>Hash: <c>base</c>, <c>lastBatch</c>, <c>tenant</c>, <c>ttl</c>, <c>closed</c>, and <c>writer:{epoch}</c> = first seq and nonce.</summary>
    public static string Meta(string session) => $"session:{{{session}}}:meta";

    /// <summary>The field of <see cref="Owner"/> that holds the fencing token.</summary>
    public const string TokenField = "token";

    /// <summary>The field of <see cref="Owner"/> that names the owning instance.</summary>
    public const string InstanceField = "instance";

    /// <summary>The field of <see cref="Meta"/> that names the tenant.</summary>
    public const string TenantField = "tenant";
}
