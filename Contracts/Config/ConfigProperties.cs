using System.Collections.Frozen;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Contracts.Json;

namespace AspireAgent.Contracts.Config;

/// <summary>One property of the configuration, as its attributes describe it.</summary>
/// <param name="Path">Its place in the document, as in <c>guards.stallSeconds</c>.</param>
/// <param name="Type">What its value is bound to.</param>
/// <param name="Takes">When a change is felt.</param>
/// <param name="UpTo">The lowest layer that may set it.</param>
/// <param name="Default">What holds where no layer says anything, as JSON.</param>
/// <param name="Description">What it is.</param>
/// <param name="Unit">What it is counted in.</param>
/// <param name="Limit">Whether lower layers may only tighten it.</param>
/// <param name="IsReserved">Whether nothing acts on it yet.</param>
/// <param name="Rules">What a value must keep to.</param>
public sealed record ConfigProperty(
    string Path, Type Type, Effect Takes, Layer UpTo, JsonNode? Default, string Description, string? Unit, LimitAttribute? Limit,
    bool IsReserved, IReadOnlyList<ValidationAttribute> Rules)
{
    /// <summary>Whether its value is an object that merges entry by entry.</summary>
    public bool IsMap { get; } = Type.IsGenericType && Type.GetGenericTypeDefinition() == typeof(IReadOnlyDictionary<,>);
}

/// <summary>All properties of the configuration, from the attributes of <see cref="TurnConfig"/> and <see cref="LiveKnobs"/>.</summary>
public static class ConfigProperties
{
    private static readonly Type[] Records = [typeof(TurnConfig), typeof(LiveKnobs)];

    private static readonly FrozenSet<string> LiveNames =
        typeof(LiveKnobs).GetProperties().Select(property => NameOf(property)).ToFrozenSet(StringComparer.Ordinal);

    /// <summary>In the order of their declaration.</summary>
    public static IReadOnlyList<ConfigProperty> All { get; } =
        [.. Records.SelectMany(record => Read(record, "", Default(record), record.GetCustomAttribute<TakesAttribute>()!.Effect, null))];

    private static readonly FrozenDictionary<string, ConfigProperty> ByPath = All.ToFrozenDictionary(property => property.Path, StringComparer.Ordinal);

    private static readonly FrozenSet<string> Sections = All
        .Select(property => property.Path)
        .SelectMany(path => path.Select((c, i) => c == '.' ? path[..i] : ""))
        .Where(path => path.Length > 0)
        .ToFrozenSet(StringComparer.Ordinal);

    /// <summary>The property at a path.</summary>
    public static ConfigProperty? Find(string path) => ByPath.GetValueOrDefault(path);

    /// <summary>Whether the path is an object of properties.</summary>
    public static bool IsSection(string path) => Sections.Contains(path);

    /// <summary>Whether the document's member belongs to <see cref="LiveKnobs"/>.</summary>
    internal static bool IsLive(string name) => LiveNames.Contains(name);

    private static IEnumerable<ConfigProperty> Read(Type record, string prefix, JsonObject defaults, Effect takes, WritableAttribute? writable)
    {
        foreach (var property in record.GetProperties(BindingFlags.Public | BindingFlags.Instance | BindingFlags.DeclaredOnly))
        {
            if (property.Name == "EqualityContract" || property.GetMethod!.IsStatic)
            {
                continue;
            }

            var (name, type) = (NameOf(property), property.PropertyType);
            var who = property.GetCustomAttribute<WritableAttribute>() ?? writable;
            if (type.IsClass && type.Namespace == record.Namespace)
            {
                foreach (var inner in Read(type, $"{prefix}{name}.", defaults[name]!.AsObject(), takes, who))
                {
                    yield return inner;
                }

                continue;
            }

            yield return new ConfigProperty(
                prefix + name, type, takes, who?.UpTo ?? Layer.Tenant, defaults[name]?.DeepClone(),
                property.GetCustomAttribute<DescriptionAttribute>()?.Description ?? "",
                property.GetCustomAttribute<UnitAttribute>()?.Unit, property.GetCustomAttribute<LimitAttribute>(),
                property.GetCustomAttribute<ReservedAttribute>() is not null, [.. property.GetCustomAttributes<ValidationAttribute>()]);
        }
    }

    private static JsonObject Default(Type record) =>
        JsonSerializer.SerializeToNode(Activator.CreateInstance(record), WireJson.Types.GetTypeInfo(record)!)!.AsObject();

    private static string NameOf(MemberInfo property) => JsonNamingPolicy.CamelCase.ConvertName(property.Name);
}
