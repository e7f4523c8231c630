using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json.Nodes;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>One OpenAI-compatible streaming answer, read to its end.</summary>
/// <param name="Session">The session behind it.</param>
/// <param name="Text">The pieces, together.</param>
/// <param name="Ids">The ids of its chunks: one, or something went wrong.</param>
/// <param name="Finish">The finish reason.</param>
/// <param name="IsDone">Whether it said <c>[DONE]</c>.</param>
internal sealed record Completion(string Session, string Text, IReadOnlySet<string> Ids, string? Finish, bool IsDone)
{
    /// <summary>Asks and reads; <paramref name="onSession"/> is told the session as soon as the answer has begun.</summary>
    public static async Task<Completion> AskAsync(
        HttpClient gateway, string text, Action<string> onSession, CancellationToken hangUp = default)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(hangUp);
        limit.CancelAfter(TimeSpan.FromSeconds(90));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = "agent", stream = true, messages = new[] { new { role = "user", content = text } } }),
        };
        using var response = await gateway.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {(response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync(limit.Token))}");
        var session = response.Headers.GetValues("x-session-id").Single();
        onSession(session);
        await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
        var (said, ids, finish, done) = (new StringBuilder(), new HashSet<string>(), (string?)null, false);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(limit.Token))
        {
            if (item.Data == "[DONE]")
            {
                done = true;
                continue;
            }

            var chunk = JsonNode.Parse(item.Data)!;
            Assert.Null(chunk["error"]?.ToJsonString());
            ids.Add((string)chunk["id"]!);
            if (chunk["choices"] is JsonArray and [{ } choice, ..])
            {
                said.Append((string?)choice["delta"]?["content"]);
                finish = (string?)choice["finish_reason"] ?? finish;
            }
        }

        return new Completion(session, said.ToString(), ids, finish, done);
    }
}
