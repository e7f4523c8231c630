using System.Buffers;
using System.Text;
using System.Text.Json;

namespace AspireAgent.Agent.Tools;

/// <summary>
/// The arguments of a call as a model writes them, held against the tool's JSON schema: types, <c>required</c>, <c>enum</c>, <c>items</c>
/// and <c>additionalProperties: false</c>. Whatever else a schema says, the tool itself must judge.
/// </summary>
internal static class ToolArguments
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads them; no text stands for <c>{}</c>. False: they are no JSON object.</summary>
    public static bool TryRead(string text, out JsonElement arguments)
    {
        try
        {
            using var document = JsonDocument.Parse(string.IsNullOrWhiteSpace(text) ? "{}" : text, Strict);
            arguments = document.RootElement.Clone();
            return arguments.ValueKind is JsonValueKind.Object && Canonical(arguments).Length > 0;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException) // the latter: "\ud83d", half a character
        {
            arguments = default;
            return false;
        }
    }

    /// <summary>What is wrong with them, as the model is told; null: nothing that the schema can tell.</summary>
    public static string? Mismatch(JsonElement value, JsonElement schema, string path = "")
    {
        if (schema.ValueKind is not JsonValueKind.Object)
        {
            return null;
        }

        var name = path.Length == 0 ? "The arguments" : $"'{path}'";
        if (schema.TryGetProperty("type", out var type) && Names(type).ToList() is { Count: > 0 } types && !types.Exists(wanted => IsOf(value, wanted)))
        {
            return $"{name} must be of type {string.Join(" or ", types)}.";
        }

        if (schema.TryGetProperty("enum", out var choices) && choices.ValueKind is JsonValueKind.Array
            && !choices.EnumerateArray().Any(choice => JsonElement.DeepEquals(choice, value)))
        {
            return $"{name} must be one of {choices.GetRawText()}.";
        }

        return value.ValueKind switch
        {
            JsonValueKind.Object => OfObject(value, schema, path),
            JsonValueKind.Array when schema.TryGetProperty("items", out var items) =>
                value.EnumerateArray().Select((item, i) => Mismatch(item, items, $"{path}[{i}]")).FirstOrDefault(wrong => wrong is not null),
            _ => null,
        };
    }

    private static string? OfObject(JsonElement value, JsonElement schema, string path)
    {
        var prefix = path.Length == 0 ? "" : $"{path}.";
        if (schema.TryGetProperty("required", out var required)
            && Names(required).FirstOrDefault(needed => !value.TryGetProperty(needed, out _)) is { } missing)
        {
            return $"'{prefix}{missing}' is missing.";
        }

        var hasProperties = schema.TryGetProperty("properties", out var properties) && properties.ValueKind is JsonValueKind.Object;
        var isClosed = schema.TryGetProperty("additionalProperties", out var additional) && additional.ValueKind is JsonValueKind.False;
        foreach (var property in value.EnumerateObject())
        {
            var isKnown = hasProperties && properties.TryGetProperty(property.Name, out var its);
            if (!isKnown && isClosed)
            {
                return $"'{prefix}{property.Name}' is not known.";
            }

            if (isKnown && Mismatch(property.Value, properties.GetProperty(property.Name), prefix + property.Name) is { } wrong)
            {
                return wrong;
            }
        }

        return null;
    }

    // "string" | ["string", "null"]
    private static IEnumerable<string> Names(JsonElement names) => names.ValueKind switch
    {
        JsonValueKind.String => [names.GetString()!],
        JsonValueKind.Array => names.EnumerateArray().Where(name => name.ValueKind is JsonValueKind.String).Select(name => name.GetString()!),
        _ => [],
    };

    private static bool IsOf(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind is JsonValueKind.Object,
        "array" => value.ValueKind is JsonValueKind.Array,
        "string" => value.ValueKind is JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "null" => value.ValueKind is JsonValueKind.Null,
        "number" => value.ValueKind is JsonValueKind.Number,
        "integer" => value.ValueKind is JsonValueKind.Number && double.IsInteger(value.GetDouble()),
        _ => true,
    };

    /// <summary>The same text for the same arguments, however they are spaced, ordered and escaped.</summary>
    public static string Canonical(JsonElement arguments)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(arguments, writer);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(JsonElement value, Utf8JsonWriter writer)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                writer.WriteStartObject();
                foreach (var property in value.EnumerateObject().OrderBy(property => property.Name, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(property.Name);
                    Write(property.Value, writer);
                }

                writer.WriteEndObject();
                break;
            case JsonValueKind.Array:
                writer.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Write(item, writer);
                }

                writer.WriteEndArray();
                break;
            case JsonValueKind.String:
                writer.WriteStringValue(value.GetString()); // written anew: "\u0041" is "A"
                break;
            default:
                value.WriteTo(writer);
                break;
        }
    }
}
