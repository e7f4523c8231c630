namespace AspireAgent.Contracts.Config;

/// <summary>Names of the configuration in Redis; the hash tag puts them in one slot, so one script may write them all.</summary>
public static class ConfigKeys
{
    /// <summary>Kind of the signal that carries <see cref="ConfigLayers"/>.</summary>
    public const string Signal = "config";

    /// <summary>List of JSON records (see <see cref="LayerRecord"/>), the newest last, for a scope such as <c>tenant/acme</c>.</summary>
    public static string Layer(string scope) => $"config:{{{Signal}}}:layer:{scope}";

    /// <summary>List of JSON records of who changed what, the newest last.</summary>
    public static string Audit => $"config:{{{Signal}}}:audit";
}
