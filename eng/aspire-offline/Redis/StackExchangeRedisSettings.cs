namespace Aspire.StackExchange.Redis;

public sealed class StackExchangeRedisSettings
{
    public string? ConnectionString { get; set; }

    public bool DisableHealthChecks { get; set; }

    public bool DisableTracing { get; set; }

    public bool DisableAutoActivation { get; set; } = true;
}
