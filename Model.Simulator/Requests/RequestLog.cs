using Microsoft.Extensions.Options;

namespace AspireAgent.Simulator.Requests;

/// <summary>The last requests, oldest first.</summary>
internal sealed class RequestLog(IOptions<SimulatorOptions> options, TimeProvider time)
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

    /// <summary>One more token is on its way.</summary>
    public void Token(string id, int count) =>
        Update(id, known => known with { OutputTokens = count, FirstTokenAt = known.FirstTokenAt ?? time.GetUtcNow() });

    public void Completed(string id) =>
        Update(id, known => known with { State = RequestState.Completed, EndedAt = time.GetUtcNow() });

    public void Faulted(string id) =>
        Update(id, known => known with { State = RequestState.Faulted, EndedAt = time.GetUtcNow() });

    /// <summary>The caller's connection is closed.</summary>
    public void Cancelled(string id) =>
        Update(id, known => known with { State = RequestState.Cancelled, CancelledAt = time.GetUtcNow() });

    public void Clear()
    {
        lock (_gate)
        {
            _entries.Clear();
            _order.Clear();
        }
    }

    private void Update(string id, Func<RequestEntry, RequestEntry> change)
    {
        lock (_gate)
        {
            if (_entries.TryGetValue(id, out var entry))
            {
                _entries[id] = change(entry);
            }
        }
    }
}
