using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Json;

/// <summary>
/// Reads an object whose every name and text is Unicode and whose names are unique: one that can be read to its end and written
/// again. JSON's grammar alone lets <c>"\ud800"</c>, half a character, pass.
/// </summary>
public sealed class StrictJsonObjectConverter : JsonConverter<JsonObject>
{
    /// <summary>Options that read objects so.</summary>
    public static JsonSerializerOptions Options { get; } = new() { Converters = { new StrictJsonObjectConverter() } };

    /// <summary>Reads all of <paramref name="element"/> once.</summary>
    /// <exception cref="JsonException">Something in it is no text, or twice there.</exception>
    public static void Check(JsonElement element)
    {
        try
        {
            Walk(element);
        }
        catch (InvalidOperationException)
        {
            throw new JsonException("A text has half a character in it.");
        }
    }

    /// <inheritdoc />
    public override JsonObject? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        if (document.RootElement.ValueKind is not JsonValueKind.Object)
        {
            throw new JsonException("An object is expected.");
        }

        Check(document.RootElement);
        return JsonObject.Create(document.RootElement.Clone());
    }

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, JsonObject value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(value);
        value.WriteTo(writer);
    }

    private static void Walk(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                _ = element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    Walk(item);
                }

                break;
            case JsonValueKind.Object:
                var names = new HashSet<string>(StringComparer.Ordinal);
                foreach (var property in element.EnumerateObject())
                {
                    if (!names.Add(property.Name))
                    {
                        throw new JsonException($"'{property.Name}' is there twice.");
                    }

                    Walk(property.Value);
                }

                break;
            default:
                break;
        }
    }
}
