using System.Text.Json.Serialization;
using AspireAgent.Simulator.Chat;
using Microsoft.Extensions.Options;

namespace AspireAgent.Simulator.Requests;

/// <summary>One request as the vendor saw it.</summary>
internal sealed record RequestEntry(string Id, string Model, bool Stream, IReadOnlyList<ChatMessage> Messages, DateTimeOffset StartedAt)
{
    public RequestState State { get; init; } = RequestState.Running;

    /// <summary>Tokens sent so far.</summary>
    public int OutputTokens { get; init; }

    public int InputTokens { get; init; }

    public double? Temperature { get; init; }

    public int? MaxTokens { get; init; }

    public DateTimeOffset? FirstTokenAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>When the caller's closed connection was noticed.</summary>
    public DateTimeOffset? CancelledAt { get; init; }
}

[JsonConverter(typeof(JsonStringEnumConverter<RequestState>))]
internal enum RequestState
{
    [JsonStringEnumMemberName("running")] Running,
    [JsonStringEnumMemberName("completed")] Completed,
    [JsonStringEnumMemberName("cancelled")] Cancelled,
    [JsonStringEnumMemberName("faulted")] Faulted,
}

/// <summary>The last requests, oldest first.</summary>
internal sealed class RequestLog(IOptions<SimulatorOptions> options)
{
    private readonly LinkedList<string> _order = [];
    private readonly Dictionary<string, RequestEntry> _entries = [];
    private readonly Lock _gate = new();

    public IReadOnlyList<RequestEntry> Current
    {
        get
        {
            lock (_gate)
            {
                return [.. _order.Select(id => _entries[id])];
            }
        }
    }

    public void Add(RequestEntry entry)
    {
        lock (_gate)
        {
            _entries[entry.Id] = entry;
            _order.AddLast(entry.Id);
            if (_order.Count > options.Value.KeptRequests)
            {
                _entries.Remove(_order.First!.Value);
                _order.RemoveFirst();
            }
        }
    }

    public void Update(string id, Func<RequestEntry, RequestEntry> change)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(id, out var entry))
            {
                _entries[id] = change(entry);
            }
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
            _order.Clear();
        }
    }
}
