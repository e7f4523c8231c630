using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;

namespace AspireAgent.Config.Endpoints;

/// <summary><c>GET schema</c>: JSON Schema (2020-12) of a layer, from the types and their attributes.</summary>
internal static class SchemaEndpoint
{
    private static readonly Lazy<JsonObject> Schema = new(Make);

    public static void MapSchema(this RouteGroupBuilder config) =>
        config.MapGet("/schema", () => TypedResults.Text(Schema.Value.ToJsonString(), "application/schema+json"));

    internal static JsonObject Make()
    {
        var schema = new JsonObject
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["title"] = "A layer of the agents' configuration",
            ["type"] = "object",
            ["properties"] = new JsonObject(),
            ["additionalProperties"] = false,
        };
        foreach (var property in ConfigProperties.All)
        {
            var names = property.Path.Split('.');
            var properties = schema["properties"]!.AsObject();
            foreach (var section in names[..^1])
            {
                properties[section] ??= new JsonObject
                {
                    ["type"] = "object", ["properties"] = new JsonObject(), ["additionalProperties"] = false,
                };
                properties = properties[section]!["properties"]!.AsObject();
            }

            properties[names[^1]] = Describe(property);
        }

        return schema;
    }

    // Null is allowed everywhere: in a layer it takes away what is below.
    private static JsonObject Describe(ConfigProperty property)
    {
        var type = WireJson.Types.GetTypeInfo(property.Type)!.GetJsonSchemaAsNode() as JsonObject ?? [];
        if (type["type"] is JsonValue single)
        {
            type["type"] = new JsonArray(single.DeepClone(), "null");
        }
        else if (type["type"] is null && type["enum"] is JsonArray values && values.All(value => value is not null))
        {
            values.Add(null);
        }

        if (property.IsMap && type["additionalProperties"] is JsonObject { } entry && entry["type"] is JsonValue of)
        {
            entry["type"] = new JsonArray(of.DeepClone(), "null");
        }

        type["description"] = property.Description;
        type["default"] = property.Default?.DeepClone();
        foreach (var rule in property.Rules)
        {
            switch (rule)
            {
                case RangeAttribute range:
                    type["minimum"] = JsonSerializer.SerializeToNode(range.Minimum);
                    type["maximum"] = JsonSerializer.SerializeToNode(range.Maximum);
                    break;
                case StringLengthAttribute length:
                    type["minLength"] = length.MinimumLength;
                    type["maxLength"] = length.MaximumLength;
                    break;
                case RegularExpressionAttribute pattern:
                    type["pattern"] = pattern.Pattern;
                    break;
                case EntriesAttribute entries:
                    type["maxProperties"] = entries.Most;
                    break;
                default:
                    break;
            }
        }

        type["x-takes"] = JsonSerializer.SerializeToNode(property.Takes);
        type["x-writable-up-to"] = JsonSerializer.SerializeToNode(property.UpTo);
        if (property.Unit is not null)
        {
            type["x-unit"] = property.Unit;
        }

        if (property.Limit is { } limit)
        {
            type["x-limit"] = limit.HigherIsTighter ? "lower-layers-may-raise" : "lower-layers-may-lower";
        }

        if (property.IsReserved)
        {
            type["x-reserved"] = true;
        }

        return type;
    }
}
