namespace AspireAgent.AppHost.Tests.Models;

/// <summary>Something that goes wrong with a model, for good, and what is known of it.</summary>
/// <param name="Name">Name of the route that has it.</param>
/// <param name="What">In words.</param>
internal sealed record FaultCase(string Name, string What)
{
    /// <summary>Words that a model says before a fault strikes that strikes in mid-answer.</summary>
    private const int Some = 5;

    /// <summary>Where it answers.</summary>
    public required Func<Uri, Uri> Endpoint { get; init; }

    public string Key { get; init; } = FaultySystem.VendorKey;

    public TimeSpan FirstTokenTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The <c>why</c> of <c>model.switched</c>; null: nothing is wrong.</summary>
    public string? Why { get; init; }

    /// <summary>Whether words were said before.</summary>
    public bool IsLate { get; init; }

    /// <summary>How many of them; null: as it happens.</summary>
    public int? Words { get; init; }

    /// <summary>The guard that finds out; null: it shows.</summary>
    public string? Guard { get; init; }

    /// <summary>How often the model is asked; null: it cannot know.</summary>
    public int? Tries { get; init; } = 1;

    /// <summary>Least time between two of them.</summary>
    public TimeSpan Pause { get; init; }

    /// <summary>Whether it is up to us to close the connection.</summary>
    public bool IsClosedByUs { get; init; }

    /// <summary>The turn's error where nobody goes on.</summary>
    public string Error => Guard is null ? "interrupted" : "stalled";

    public static IReadOnlyList<FaultCase> All { get; } =
    [
        new("healthy", "nothing") { Endpoint = vendor => new Uri(vendor, "/v1") },
        new("no-usage", "tells no usage") { Endpoint = Faulty("no-usage") },
        new("refused", "connection refused")
        {
            Endpoint = _ => new Uri("http://127.0.0.1:1/v1"), Why = "unreachable", Tries = null,
        },
        new("unknown-host", "unknown host") { Endpoint = _ => new Uri("http://nowhere.invalid/v1"), Why = "unreachable", Tries = null },
        new("no-tls", "TLS fails")
        {
            Endpoint = vendor => new UriBuilder(vendor) { Scheme = "https", Path = "/v1" }.Uri, Why = "unreachable", Tries = null,
        },
        new("hung-up", "connection closed without an answer") { Endpoint = Faulty("refuse"), Why = "unreachable", Tries = 2 },
        new("wrong-key", "401") { Endpoint = vendor => new Uri(vendor, "/v1"), Key = "wrong", Why = "unauthorized", Tries = null },
        new("limited", "429") { Endpoint = Faulty("status=429"), Why = "rate-limited", Tries = 2 },
        new("limited-briefly", "429, Retry-After 1 s")
        {
            Endpoint = Faulty("status=429;retry-after=1"), Why = "rate-limited", Tries = 2, Pause = TimeSpan.FromSeconds(1),
        },
        new("limited-for-long", "429, Retry-After 60 s") { Endpoint = Faulty("status=429;retry-after=60"), Why = "rate-limited" },
        new("error", "500") { Endpoint = Faulty("status=500"), Why = "unavailable", Tries = 2 },
        new("overloaded", "503") { Endpoint = Faulty("status=503"), Why = "unavailable", Tries = 2 },
        new("slow", "no answer in time")
        {
            Endpoint = Faulty("delay=600000"), FirstTokenTimeout = TimeSpan.FromSeconds(1), Why = "timeout", IsClosedByUs = true,
        },
        new("silent", "an answer begins, no first token in time")
        {
            Endpoint = Faulty("stall=0"), FirstTokenTimeout = TimeSpan.FromSeconds(1), Why = "timeout", IsClosedByUs = true,
        },
        new("garbled", "garbage before the first token") { Endpoint = Faulty("garbage=0"), Why = "garbled", Tries = 2 },
        new("empty", "empty stream") { Endpoint = Faulty("empty"), Why = "empty", Tries = 2 },
        new("ended", "ends before the first token") { Endpoint = Faulty("end=0"), Why = "empty", Tries = 2 },
        new("cut", "connection breaks in mid-answer") { Endpoint = Faulty($"cut={Some}"), Why = "broken", IsLate = true, Words = Some },
        new("cut-short", "ends in mid-answer, in good order but for a finish reason")
        {
            Endpoint = Faulty($"end={Some}"), Why = "broken", IsLate = true, Words = Some,
        },
        new("garbled-late", "garbage in mid-answer") { Endpoint = Faulty($"garbage={Some}"), Why = "garbled", IsLate = true, Words = Some },
        new("stalled", "falls silent in mid-answer")
        {
            Endpoint = Faulty($"stall={Some}"), Why = "stalled", IsLate = true, Words = Some, Guard = "stall", IsClosedByUs = true,
        },
        new("dripping", "a token now and then")
        {
            Endpoint = Faulty($"drip={FaultySystem.Drip.TotalMilliseconds}"), Why = "slow-drip", IsLate = true, Guard = "drip", IsClosedByUs = true,
        },
    ];

    public override string ToString() => Name;

    private static Func<Uri, Uri> Faulty(string spec) => vendor => new Uri(vendor, $"/faulty/{spec}/v1");
}
