using Microsoft.Extensions.Configuration;
using StackExchange.Redis;

namespace AspireAgent.AppHost.State;

/// <summary>A Redis that somebody else runs.</summary>
internal static class ExternalRedis
{
    /// <summary>Asks it once, so that a wrong address or password is an error at the start and not a wait without end.</summary>
    public static void MustAnswer(IConfiguration configuration)
    {
        if (configuration.GetConnectionString("redis") is not { Length: > 0 } connectionString)
        {
            throw new DistributedApplicationException("Redis:Mode is external, but ConnectionStrings:redis is not set.");
        }

        var options = ConfigurationOptions.Parse(connectionString);
        try
        {
            using var connection = ConnectionMultiplexer.Connect(options);
            connection.GetDatabase().Ping();
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            throw new DistributedApplicationException(
                $"Redis cannot be reached at {string.Join(", ", options.EndPoints)}: is it up, and is the password right?", exception);
        }
    }
}
