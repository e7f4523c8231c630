using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AspireAgent.Simulator.Tests;

/// <summary>An answer as far as it came.</summary>
public sealed class Reply
{
    public HttpStatusCode? Status { get; private set; }

    public TimeSpan? RetryAfter { get; private set; }

    /// <summary>Pieces of text, or the text as a whole.</summary>
    public List<string> Tokens { get; } = [];

    public string Text => string.Concat(Tokens);

    /// <summary>Tool calls as "name arguments".</summary>
    public List<string> Calls { get; } = [];

    public string? Finish { get; private set; }

    public JsonObject? Usage { get; private set; }

    /// <summary>Chunks or bodies that were no JSON, with how many tokens were there before.</summary>
    public List<int> Unreadable { get; } = [];

    /// <summary>Whether the stream said that it is complete.</summary>
    public bool Done { get; private set; }

    /// <summary>Whether the connection broke.</summary>
    public bool Broken { get; private set; }

    public static async Task<Reply> ReadAsync(Func<Task<HttpResponseMessage>> send)
    {
        var reply = new Reply();
        try
        {
            using var response = await send();
            (reply.Status, reply.RetryAfter) = (response.StatusCode, response.Headers.RetryAfter?.Delta);
            await reply.ReadAsync(response);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            reply.Broken = true;
        }

        return reply;
    }

    private async Task ReadAsync(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            Take(await response.Content.ReadAsStringAsync());
            return;
        }

        await foreach (var item in SseParser.Create(await response.Content.ReadAsStreamAsync()).EnumerateAsync())
        {
            if (item.Data == "[DONE]")
            {
                Done = true;
            }
            else
            {
                Take(item.Data);
            }
        }
    }

    private void Take(string json)
    {
        JsonNode body;
        try
        {
            body = JsonNode.Parse(json)!;
        }
        catch (JsonException)
        {
            Unreadable.Add(Tokens.Count);
            return;
        }

        Usage = body["usage"] as JsonObject ?? Usage;
        if (body["choices"]?.AsArray() is not [{ } choice])
        {
            return;
        }

        Finish = (string?)choice["finish_reason"] ?? Finish;
        var said = (choice["delta"] ?? choice["message"])!;
        if ((string?)said["content"] is { Length: > 0 } text)
        {
            Tokens.Add(text);
        }

        foreach (var call in said["tool_calls"]?.AsArray() ?? [])
        {
            Take(call!);
        }
    }

    // A streamed call begins with its name and an index; what follows with that index are arguments.
    private void Take(JsonNode call)
    {
        var (name, arguments) = ((string?)call["function"]!["name"], (string?)call["function"]!["arguments"]);
        if (name is not null)
        {
            Assert.True(call["index"] is null || (int)call["index"]! == Calls.Count, "a call out of turn");
            Calls.Add($"{name} {arguments}");
        }
        else
        {
            Calls[(int)call["index"]!] += arguments;
        }
    }
}
