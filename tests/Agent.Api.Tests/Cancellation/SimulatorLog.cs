using System.Net.Http.Json;
using System.Text.Json;

namespace AspireAgent.Agent.Tests.Cancellation;

/// <summary>What the simulator has seen, by the try that it belongs to.</summary>
internal sealed class SimulatorLog(HttpClient simulator)
{
    private readonly Lock _gate = new();
    private Task<ILookup<string, SeenCall>> _asking = Task.FromResult(Enumerable.Empty<SeenCall>().ToLookup(call => call.Try));

    /// <summary>All that it knows. Who asks while another does gets the same answer.</summary>
    public Task<ILookup<string, SeenCall>> ReadAsync()
    {
        lock (_gate)
        {
            return _asking = _asking.IsCompleted ? AskAsync() : _asking;
        }
    }

    /// <summary>Some calls in words, as an <see cref="Act"/> has them.</summary>
    public static string Tell(IEnumerable<SeenCall> calls) => Act.Tell(calls.Select(call => $"{call.Name} {call.State}"));

    public async Task ForgetAsync()
    {
        using var forgotten = await simulator.DeleteAsync("/admin/requests");
        forgotten.EnsureSuccessStatusCode();
    }

    private async Task<ILookup<string, SeenCall>> AskAsync() =>
        (await simulator.GetFromJsonAsync<List<Entry>>("/admin/requests"))!.Select(Read).ToLookup(call => call.Try);

    // A tool's call bears its try in its name, a model's as the user's last word.
    private static SeenCall Read(Entry entry)
    {
        var (name, key) = SeenCall.IsToolName(entry.Model) && entry.Model.Split('-') is [var tool, var subject]
            ? (tool, subject)
            : (WiredPod.RouteAt(entry.Path), entry.Messages.Last(message => message.Role == "user").Content.GetString()!.Split(' ')[^1]);
        return new SeenCall(key, name, entry.State, entry.FirstTokenAt, entry.EndedAt, entry.CancelledAt);
    }

    private sealed record Entry(
        string Model, string Path, string State, Message[] Messages, DateTimeOffset? FirstTokenAt, DateTimeOffset? EndedAt, DateTimeOffset? CancelledAt);

    private sealed record Message(string Role, JsonElement Content);
}

/// <summary>One call as the simulator saw it.</summary>
/// <param name="Try">The try that made it.</param>
/// <param name="Name">The route's, or <c>tool:</c> and the tool's.</param>
/// <param name="State">running, completed, cancelled or faulted.</param>
/// <param name="FirstTokenAt">When it sent its first token.</param>
/// <param name="EndedAt">When it was done.</param>
/// <param name="CancelledAt">When it saw that the caller had closed the connection.</param>
internal sealed record SeenCall(string Try, string Name, string State, DateTimeOffset? FirstTokenAt, DateTimeOffset? EndedAt, DateTimeOffset? CancelledAt)
{
    private const string Tool = "tool:";

    /// <summary>Whether it is a tool's.</summary>
    public bool IsTool => IsToolName(Name);

    public static bool IsToolName(string name) => name.StartsWith(Tool, StringComparison.Ordinal);
}
