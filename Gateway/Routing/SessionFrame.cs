namespace AspireAgent.Gateway.Routing;

/// <summary>One frame of a session's stream: an event of the log, or one of <c>reset</c>, <c>notice</c>, <c>ping</c>, <c>error</c>.</summary>
/// <param name="Type">The event's type.</param>
/// <param name="Json">The whole of it.</param>
/// <param name="Cursor">Where to go on after it; null: it is not of the log.</param>
internal sealed record SessionFrame(string Type, string Json, string? Cursor)
{
    public const string Closed = "session.closed";
    public const string Ping = "ping";
    public const string Moved = "moved";
    public const string Reset = "reset";
    public const string Notice = "notice";

    /// <summary>The last frame of a stream that could not be taken up again; the client comes back with its cursor.</summary>
    public static SessionFrame Unavailable { get; } = new(
        "error", "{\"type\":\"error\",\"error\":\"unavailable\",\"retriable\":true}", null);
}
