using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Simulator.Chat;
using Microsoft.Extensions.Options;

namespace AspireAgent.Simulator.Text;

/// <summary>Writes answers: the same request, the same words. What a prefill has already of an answer is not said again.</summary>
internal sealed class AnswerWriter(Tokens tokens, IOptions<SimulatorOptions> options)
{
    private const int ShortestWords = 25;
    private const int LongestWords = 120;

    private readonly WordChain _chain = WordChain.FromCorpus();

    /// <summary>The answer, and the randomness left for its tempo.</summary>
    public Answer Write(ChatRequest request, ModelProfile model, out Random random)
    {
        var prefill = model.Prefill && request.Messages[^1].Role == "assistant" ? request.Messages[^1].Text : "";
        var asked = prefill.Length > 0 ? request.Messages[..^1] : request.Messages;
        random = new Random(SeedOf(request, model, asked));
        if (ToolCallFor(request, random) is { } call)
        {
            return new Answer(tokens.Split(call.Arguments), "tool_calls", call);
        }

        var text = request.WantsJson ? new JsonObject { ["answer"] = Compose(asked, random) }.ToJsonString() : Compose(asked, random);
        text = Continue(text, prefill);
        var finish = "stop";
        foreach (var stop in request.StopSequences)
        {
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            text = at < 0 ? text : text[..at];
        }

        var pieces = tokens.Split(text);
        if (pieces.Count > request.OutputLimit)
        {
            (pieces, finish) = ([.. pieces.Take(request.OutputLimit)], "length");
        }

        return new Answer(pieces, finish);
    }

    // A prefill that begins as our answer does is continued to the letter; any other is followed by a new sentence.
    private static string Continue(string text, string prefill) =>
        text.StartsWith(prefill, StringComparison.Ordinal) ? text[prefill.Length..]
        : prefill.EndsWith(' ') || prefill.EndsWith('\n') ? text
        : " " + text;

    private string Compose(IReadOnlyList<ChatMessage> asked, Random random)
    {
        var topics = (asked.LastOrDefault(message => message.Role == "user")?.Text ?? "").Split(' ')
            .Select(WordChain.Plain).Where(word => word.Length > 3).ToHashSet();
        var words = random.Next(ShortestWords, LongestWords);
        var text = new StringBuilder();
        foreach (var word in _chain.Speak(random, topics))
        {
            text.Append(text.Length == 0 ? "" : " ").Append(word);
            if (--words <= 0 && word.EndsWith('.'))
            {
                break;
            }
        }

        return text.ToString();
    }

    // A tool is called when the caller demands it, or when the user's last words name one.
    private static AnswerToolCall? ToolCallFor(ChatRequest request, Random random)
    {
        if (request.Messages[^1].Role != "user" || request.Tools is not { Count: > 0 } tools || request.ToolChoiceMode == "none")
        {
            return null;
        }

        var named = tools.FirstOrDefault(tool => tool.Name == request.ToolChoiceName)
            ?? tools.FirstOrDefault(tool => request.Messages[^1].Text.Contains(tool.Name, StringComparison.OrdinalIgnoreCase))
            ?? (request.ToolChoiceMode == "required" ? tools[0] : null);
        return named is null
            ? null
            : new AnswerToolCall($"call_{random.NextInt64():x16}", named.Name, Arguments(named.Parameters, request.Messages[^1].Text));
    }

    private static string Arguments(JsonElement schema, string text)
    {
        var arguments = new JsonObject();
        if (schema.ValueKind is JsonValueKind.Object && schema.TryGetProperty("properties", out var properties))
        {
            foreach (var property in properties.EnumerateObject())
            {
                arguments[property.Name] = Value(property.Value, text);
            }
        }

        return arguments.ToJsonString();
    }

    private static JsonNode? Value(JsonElement schema, string text)
    {
        if (schema.TryGetProperty("enum", out var allowed) && allowed.GetArrayLength() > 0)
        {
            return JsonNode.Parse(allowed[0].GetRawText());
        }

        return (schema.TryGetProperty("type", out var type) ? type.ToString() : "string") switch
        {
            "integer" or "number" => 1,
            "boolean" => true,
            "array" => new JsonArray(),
            "object" => new JsonObject(),
            _ => text.Split(' ', StringSplitOptions.RemoveEmptyEntries).LastOrDefault("")!.Trim('?', '.', '!'),
        };
    }

    private int SeedOf(ChatRequest request, ModelProfile model, IReadOnlyList<ChatMessage> asked)
    {
        var text = string.Join('\n', asked.Select(message => $"{message.Role}:{message.Text}"));
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{options.Value.Seed}/{request.Seed}/{model.Name}/{text}"));
        return BitConverter.ToInt32(hash);
    }
}
