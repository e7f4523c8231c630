namespace AspireAgent.ServiceDefaults.Egress;

/// <summary>
/// A connection that <see cref="EgressOptions"/> forbids; another try would end the same. What the caller of an
/// <see cref="HttpClient"/> sees is an <see cref="HttpRequestException"/> around it.
/// </summary>
/// <param name="host">The name that was asked for.</param>
/// <param name="rule">What forbids it: <c>host</c> where the name is not listed, else the kind of its address.</param>
public sealed class EgressRefusedException(string host, string rule)
    : Exception($"Egress to '{host}' is refused: " + (rule == EgressRefusedException.NotListed ? "Egress:Hosts does not list it." : $"its address is {rule}, and Egress:Networks does not list it."))
{
    internal const string NotListed = "host";

    /// <summary>The name that was asked for.</summary>
    public string Host { get; } = host;

    /// <summary>What forbids it.</summary>
    public string Rule { get; } = rule;
}
