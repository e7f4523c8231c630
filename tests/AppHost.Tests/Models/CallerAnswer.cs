using System.Net.ServerSentEvents;
using System.Text.Json.Nodes;

namespace AspireAgent.AppHost.Tests.Models;

/// <summary>An OpenAI-compatible answer, streamed or not, to its end, whatever that is.</summary>
internal sealed class CallerAnswer
{
    private readonly HashSet<string> _ids = [];
    private int _status;
    private string? _finish;
    private string? _error;
    private bool _isDone;

    public List<string> Pieces { get; } = [];

    public string Text => string.Concat(Pieces);

    public string? Session { get; private set; }

    /// <summary>Status and end.</summary>
    public string Summary => (_error, _status, _finish) switch
    {
        (null, 200, { } finish) when _isDone && _ids.Count == 1 => $"200 {finish}",
        ({ } error, 200, null) when !_isDone => $"200, then error {error}",
        ({ } error, var status, null) => $"{status} {error}",
        _ => $"status {_status}, finish {_finish}, error {_error}, {(_isDone ? "done" : "not done")}, {_ids.Count} ids",
    };

    public static async Task<CallerAnswer> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var answer = new CallerAnswer
        {
            _status = (int)response.StatusCode,
            Session = response.Headers.TryGetValues("x-session-id", out var values) ? values.Single() : null,
        };
        if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
        {
            answer.Take(JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken))!);
            answer._isDone = true;
            return answer;
        }

        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in SseParser.Create(body).EnumerateAsync(cancellationToken))
        {
            if (item.Data == "[DONE]")
            {
                answer._isDone = true;
            }
            else
            {
                answer.Take(JsonNode.Parse(item.Data)!);
            }
        }

        return answer;
    }

    private void Take(JsonNode body)
    {
        if (body["error"] is { } error)
        {
            _error = (string?)error["code"];
            return;
        }

        _ids.Add((string)body["id"]!);
        if (body["choices"]!.AsArray() is not [{ } choice])
        {
            return;
        }

        _finish = (string?)choice["finish_reason"] ?? _finish;
        if ((string?)(choice["delta"] ?? choice["message"])!["content"] is { Length: > 0 } text)
        {
            Pieces.Add(text);
        }
    }
}
