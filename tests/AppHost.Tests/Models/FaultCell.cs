using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Models;

/// <summary>One fault under one policy, streamed or not: asks, and sees what comes of it.</summary>
internal sealed class FaultCell(FaultySystem system, FaultCase fault, PolicyCase policy, bool isStreamed)
{
    private readonly string _question = $"What of a model with '{fault.What}' ({policy.Name}, {(isStreamed ? "streamed" : "whole")})?";

    public string Name => $"{fault.Name}, {(isStreamed ? "streamed" : "whole")}";

    public Outcome Documented => Outcome.Documented(fault, policy, isStreamed);

    public async Task<Outcome> RunAsync(HttpClient gateway, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(gateway, cancellationToken);
        Assert.True(answer.Session is not null, $"There is no session: {answer.Summary}");
        var log = await LogAsync(gateway, answer.Session);
        var first = await system.AskAsync(FaultySystem.FaultyModel, _question);
        var words = new WhoseWords(
            first, string.Concat(await system.AskAsync(policy.Next.Model, _question)),
            async said => string.Concat(await system.AskAsync(policy.Next.Model, _question, said)), fault.Words);

        var parts = Parts(log);
        var isTakenBack = parts.Count > 1 && log.Exists(happened => (string?)happened["how"] == "restart");
        return new Outcome
        {
            Answer = answer.Summary,
            Said = answer.Text == string.Concat(parts) && !isTakenBack ? await words.TellAsync(parts) : await words.TellAsync(answer.Text),
            Logged = await words.TellAsync(isTakenBack && isStreamed && words.IsOfNext(parts[^1]) ? parts[..^1] : parts),
            Events = string.Join(", ", log.Select(happened => Tell(happened, first.Count)).OfType<string>()),
            Calls = await CallsAsync(),
        };
    }

    private async Task<CallerAnswer> AskAsync(HttpClient gateway, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new
            {
                model = FaultySystem.PlanOf(fault.Name, policy.Next.Name),
                stream = isStreamed,
                messages = new[] { new { role = "user", content = _question } },
            }),
        };
        using var response = await gateway.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return await CallerAnswer.ReadAsync(response, cancellationToken);
    }

    private static async Task<List<JsonObject>> LogAsync(HttpClient gateway, string session)
    {
        var log = new List<JsonObject>();
        await foreach (var happened in new Conversation(gateway, session).EventsAsync())
        {
            log.Add(happened);
            if (IsEnd(happened))
            {
                break;
            }
        }

        return log;
    }

    // The words between two switches.
    private static List<string> Parts(List<JsonObject> log)
    {
        var parts = new List<string> { "" };
        foreach (var happened in log)
        {
            if ((string)happened["type"]! == "model.switched" && parts[^1].Length > 0)
            {
                parts.Add("");
            }

            parts[^1] += (string)happened["type"]! == "token" ? (string)happened["text"]! : "";
        }

        return parts;
    }

    private string? Tell(JsonObject happened, int tokens) => (string)happened["type"]! switch
    {
        "model.switched" => $"{happened["from"]} to {happened["to"]} ({happened["why"]}): {happened["how"]}",
        "guard.tripped" => $"{happened["guard"]} {happened["action"]}",
        "turn.completed" when IsBilled(happened["usage"]!, tokens) => "completed",
        "turn.completed" => $"completed, with usage {happened["usage"]!.ToJsonString()} where {tokens} tokens were said",
        "turn.cancelled" => $"cancelled ({happened["by"]})",
        "turn.failed" => $"failed ({happened["error"]}, {((bool)happened["retriable"]! ? "retriable" : "for good")})",
        _ => null,
    };

    // To the token where one model has said all of it, whether or not it told.
    private bool IsBilled(JsonNode usage, int tokens) =>
        (long)usage["input"]! > 0 && (policy.FateOf(fault) is Fate.Own ? (long)usage["output"]! == tokens : (long)usage["output"]! > 0);

    private static bool IsEnd(JsonObject happened) => (string)happened["type"]! is "turn.completed" or "turn.cancelled" or "turn.failed";

    // The vendor's view. What it is for us to close has to be closed.
    private async Task<string> CallsAsync()
    {
        if (fault.IsClosedByUs)
        {
            await ClosedAsync(FaultySystem.FaultyModel);
        }

        if (isStreamed && policy.FateOf(fault) is Fate.Anew)
        {
            await ClosedAsync(policy.Next.Model); // its caller was told to ask again
        }

        var first = (await RequestsAsync(FaultySystem.FaultyModel)).ConvertAll(request => (DateTimeOffset)request["startedAt"]!);
        var isTooSoon = first.Zip(first.Skip(1)).Any(pair => pair.Second - pair.First < fault.Pause);
        return $"{(fault.Tries is null ? "?" : first.Count)}{(isTooSoon ? " too soon" : "")} + {(await RequestsAsync(policy.Next.Model)).Count}";
    }

    private Task ClosedAsync(string model) => Poll.UntilAsync(
        async () => (await RequestsAsync(model)).TrueForAll(request => (string)request["state"]! == "cancelled"),
        $"the call of {model} to be closed");

    private async Task<List<JsonObject>> RequestsAsync(string model) =>
        [.. (await system.RequestsAsync()).Where(request =>
            (string)request["model"]! == model && request["messages"]!.AsArray().Any(message => (string?)message!["content"] == _question))];
}
