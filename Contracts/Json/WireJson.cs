using System.Text.Json;

namespace AspireAgent.Contracts.Json;

/// <summary>The wire's JSON rules on any serializer options, such as those of the web server.</summary>
public static class WireJson
{
    /// <summary>Makes <paramref name="options"/> read and write as <see cref="ContractsJson"/> does.</summary>
    public static void Apply(JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var rules = ContractsJson.Default.Options;
        options.PropertyNamingPolicy = rules.PropertyNamingPolicy;
        options.PropertyNameCaseInsensitive = rules.PropertyNameCaseInsensitive;
        options.AllowOutOfOrderMetadataProperties = rules.AllowOutOfOrderMetadataProperties;
        options.DefaultIgnoreCondition = rules.DefaultIgnoreCondition;
        options.NumberHandling = rules.NumberHandling;
        options.RespectNullableAnnotations = rules.RespectNullableAnnotations;
        options.RespectRequiredConstructorParameters = rules.RespectRequiredConstructorParameters;
        options.UnmappedMemberHandling = rules.UnmappedMemberHandling;
        options.AllowDuplicateProperties = false;
        options.Converters.Add(new UtcMillisecondsConverter());
        options.TypeInfoResolverChain.Insert(0, ContractsJson.Default);
    }

    /// <summary>One event of a log as text.</summary>
    public static string Write(Sessions.SessionEvent happened) =>
        JsonSerializer.Serialize(happened, ContractsJson.Default.SessionEvent);

    /// <summary>One event of a log from text.</summary>
    /// <exception cref="JsonException">It is no event.</exception>
    public static Sessions.SessionEvent ReadEvent(string json) =>
        JsonSerializer.Deserialize(json, ContractsJson.Default.SessionEvent) ?? throw new JsonException("An event is an object.");
}
