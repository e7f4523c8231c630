using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Simulator.Chat;
using AspireAgent.Simulator.Text;

namespace AspireAgent.Simulator.Embeddings;

/// <summary>
/// <c>POST /v1/embeddings</c>: feature hashing of words (Weinberger et al., "Feature Hashing for Large Scale Multitask
/// Learning", 2009), of length one. Texts that share words are near each other; meaning it knows none.
/// </summary>
internal sealed class EmbeddingsEndpoint(Tokens tokens)
{
    private const string Model = "sim-embedding";
    private const int DefaultDimensions = 256;
    private const int MostDimensions = 4_096;

    public async Task HandleAsync(HttpContext context)
    {
        JsonElement body;
        try
        {
            body = await JsonSerializer.DeserializeAsync<JsonElement>(context.Request.Body, cancellationToken: context.RequestAborted);
        }
        catch (JsonException)
        {
            body = default;
        }

        var dimensions = body.ValueKind is JsonValueKind.Object && body.TryGetProperty("dimensions", out var wanted)
            && wanted.TryGetInt32(out var number) ? number : DefaultDimensions;
        if (Inputs(body) is not { Count: > 0 } inputs || dimensions is < 1 or > MostDimensions)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsJsonAsync(ChatReplies.Error(
                $"'input' must be a text or a list of texts, 'dimensions' from 1 to {MostDimensions}.", "invalid_request_error", null, "input"));
            return;
        }

        var base64 = body.TryGetProperty("encoding_format", out var format) && format.GetString() == "base64";
        var count = inputs.Sum(tokens.Count);
        await context.Response.WriteAsJsonAsync(new JsonObject
        {
            ["object"] = "list",
            ["model"] = Model,
            ["data"] = new JsonArray([.. inputs.Select((input, i) => (JsonNode)new JsonObject
            {
                ["object"] = "embedding",
                ["index"] = i,
                ["embedding"] = Encode(Embed(input, dimensions), base64),
            })]),
            ["usage"] = new JsonObject { ["prompt_tokens"] = count, ["total_tokens"] = count },
        });
    }

    private static List<string>? Inputs(JsonElement body) =>
        body.ValueKind is not JsonValueKind.Object || !body.TryGetProperty("input", out var input) ? null
        : input.ValueKind is JsonValueKind.String ? [input.GetString()!]
        : input.ValueKind is JsonValueKind.Array && input.EnumerateArray().All(item => item.ValueKind is JsonValueKind.String)
            ? [.. input.EnumerateArray().Select(item => item.GetString()!)]
        : null;

    private static JsonNode Encode(float[] vector, bool base64) => base64
        ? Convert.ToBase64String(MemoryMarshal.AsBytes(vector.AsSpan()))
        : new JsonArray([.. vector.Select(value => (JsonNode)value)]);

    private static float[] Embed(string text, int dimensions)
    {
        var vector = new float[dimensions];
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(WordChain.Plain))
        {
            var hash = XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(word));
            vector[hash % (ulong)dimensions] += (hash >> 63) == 0 ? 1 : -1;
        }

        var length = MathF.Sqrt(vector.Sum(value => value * value));
        return length == 0 ? vector : [.. vector.Select(value => value / length)];
    }
}
