using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Json;

/// <summary>The wire's JSON rules on any serializer options, such as those of the web server.</summary>
public static class WireJson
{
    // A caller's schema is nested deeper in an event and deeper still in a checkpoint than it was in the request, which had at most 64.
    private const int MaxDepth = 128;

    /// <summary>
    /// The serializers of the wire. Text stays as it is where JSON lets it: this is read by JSON readers and never pasted into
    /// HTML, and a log in Chinese or Russian is a third of the size.
    /// </summary>
    public static ContractsJson Types { get; } = new(Exact(JsonUnmappedMemberHandling.Disallow));

    /// <summary>
    /// The same for what our own services tell each other: a member that a newer one has added is let pass, so that old and new may
    /// run side by side.
    /// </summary>
    public static ContractsJson Tolerant { get; } = new(Exact(JsonUnmappedMemberHandling.Skip));

    // Names are told apart by case: an object that has "a" and "A" must be the same everywhere.
    private static JsonSerializerOptions Exact(JsonUnmappedMemberHandling unmapped) => new(ContractsJson.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        PropertyNameCaseInsensitive = false,
        UnmappedMemberHandling = unmapped,
        MaxDepth = MaxDepth,
    };

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
        options.Converters.Add(new StrictJsonObjectConverter());
        options.Encoder = Types.Options.Encoder;
        options.TypeInfoResolverChain.Insert(0, Types);
    }

    /// <summary>One event of a log as text.</summary>
    public static string Write(Sessions.SessionEvent happened) =>
        JsonSerializer.Serialize(happened, Types.SessionEvent);

    /// <summary>One event of a log from text. A newer writer may have added members.</summary>
    /// <exception cref="JsonException">It is no event.</exception>
    public static Sessions.SessionEvent ReadEvent(string json) =>
        JsonSerializer.Deserialize(json, Tolerant.SessionEvent) ?? throw new JsonException("An event is an object.");
}
