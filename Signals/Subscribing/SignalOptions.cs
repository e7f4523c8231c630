namespace AspireAgent.Signals.Subscribing;

/// <summary>What a deployment says about the signals that a service follows.</summary>
public sealed class SignalOptions
{
    public const string Section = "Signals";

    /// <summary>Directory for the last known values, for a start without service and Redis; empty: they are not kept.</summary>
    public string Directory { get; set; } = "";
}
