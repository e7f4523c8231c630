using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using AspireAgent.Simulator.Chat;
using AspireAgent.Simulator.Faults;
using Microsoft.Extensions.Options;

namespace AspireAgent.Simulator.Text;

/// <summary>Writes answers: the same request, the same words. What a prefill has already of an answer is not said again.</summary>
internal sealed class AnswerWriter(Tokens tokens, IOptions<SimulatorOptions> options)
{
    private const int ShortestWords = 25;
    private const int LongestWords = 120;

    private readonly WordChain _chain = WordChain.FromCorpus();

    /// <summary>The answer, and the randomness left for its tempo.</summary>
    public Answer Write(ChatRequest request, ModelProfile model, Fault fault, out Random random)
    {
        var prefill = model.Prefill && request.Messages[^1].Role == "assistant" ? request.Messages[^1].Text : "";
        var asked = prefill.Length > 0 ? request.Messages[..^1] : request.Messages;
        random = new Random(SeedOf(request, model, asked));
        if (fault.Empty)
        {
            return Answer.Empty;
        }

        var answer = ToolCaller.CallsFor(request, random) is { Count: > 0 } calls
            ? new Answer([.. calls.SelectMany((call, i) => tokens.Split(call.Arguments).Select(text => new AnswerPiece(text, i)))], "tool_calls", calls)
            : Speak(request, asked, prefill, fault, random);
        return fault.Repeat is { } from
            ? answer with { Pieces = [.. answer.Pieces.Select((piece, i) => i < from ? piece : answer.Pieces[from])] }
            : answer;
    }

    private Answer Speak(ChatRequest request, IReadOnlyList<ChatMessage> asked, string prefill, Fault fault, Random random)
    {
        var text = request.WantsJson ? new JsonObject { ["answer"] = Compose(asked, random) }.ToJsonString() : Compose(asked, random);
        text = Continue(text, prefill, fault);
        foreach (var stop in request.StopSequences)
        {
            var at = text.IndexOf(stop, StringComparison.Ordinal);
            text = at < 0 ? text : text[..at];
        }

        var pieces = tokens.Split(text);
        return new Answer(
            [.. pieces.Take(request.OutputLimit).Select(piece => new AnswerPiece(piece))],
            pieces.Count > request.OutputLimit ? "length" : "stop",
            []);
    }

    // A prefill that begins as our answer does is continued to the letter; any other is followed by a new sentence.
    private static string Continue(string text, string prefill, Fault fault)
    {
        var rest = text.StartsWith(prefill, StringComparison.Ordinal) ? text[prefill.Length..]
            : prefill.EndsWith(' ') || prefill.EndsWith('\n') ? text
            : " " + text;
        rest = prefill[^Math.Min(prefill.Length, fault.RepeatPrefix ?? 0)..] + rest;
        return fault.TrimStart && prefill.Length > 0 ? rest.TrimStart() : rest;
    }

    // What the tools have just returned is said word for word; the rest is about what the user asked.
    private string Compose(IReadOnlyList<ChatMessage> asked, Random random)
    {
        var topics = (asked.LastOrDefault(message => message.Role == "user")?.Text ?? "").Split(' ')
            .Select(WordChain.Plain).Where(word => word.Length > 3).ToHashSet();
        var words = random.Next(ShortestWords, LongestWords);
        var returned = asked.Reverse().TakeWhile(message => message.Role == "tool").Reverse().Select(message => message.Text).ToList();
        var text = new StringBuilder(returned.Count > 0 ? $"I was told: {string.Join("; ", returned)}." : "");
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

    private int SeedOf(ChatRequest request, ModelProfile model, IReadOnlyList<ChatMessage> asked)
    {
        var text = string.Join('\n', asked.Select(message => $"{message.Role}:{message.Text}"));
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{options.Value.Seed}/{request.Seed}/{model.Name}/{text}"));
        return BitConverter.ToInt32(hash);
    }
}
