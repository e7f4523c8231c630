using System.Text.Json;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.EventLog;

/// <summary>An event that the log holds, as text: what every reader is given.</summary>
internal sealed record LoggedEvent(long Seq, string Type, string Json)
{
    /// <summary>The <see cref="Type"/> of a piece of an answer.</summary>
    public const string Token = "token";

    /// <summary>From an event that is about to be logged.</summary>
    public static LoggedEvent Of(SessionEvent happened) => Parse(happened.Seq, WireJson.Write(happened));

    /// <summary>From the log's text.</summary>
    public static LoggedEvent Parse(long seq, string json)
    {
        using var document = JsonDocument.Parse(json);
        return new LoggedEvent(seq, document.RootElement.GetProperty("type").GetString() ?? "", json);
    }
}
