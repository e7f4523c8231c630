using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Contracts.Tests;

public class SessionEventTests
{
    private static readonly DateTimeOffset At = new(2026, 11, 22, 10, 0, 0, TimeSpan.FromHours(2));
    private static readonly BuildId Build = new("0.1.0", "aa", "sim-large", BuildId.NoIndex);

    public static TheoryData<SessionEvent> All { get; } =
    [
        new SessionOpened("demo", "vip", "user"),
        new SessionOpened(
            "demo", "vip", "user", "canary", new JsonObject { ["a"] = 1 },
            [new ConversationMessage("assistant", "", [new ConversationToolCall("c", "n", "{}")])], Ephemeral: true),
        new SessionClosed("client"),
        new ConfigChanged(new JsonObject { ["temperature"] = 1 }, 3),
        new InputAccepted("i", "text", new InputOptions { Temperature = 0.5, Stop = ["."] }),
        new TurnStarted("i", new Dictionary<string, long> { ["global"] = 7 }),
        new ContextTrimmed(2),
        new TokenProduced("Hel", Build.Fingerprint(), Build),
        new TokenProduced("lo"),
        new ToolCalled("c", "weather", "{}", "client"),
        new ToolReturned("c", Ok: true, """{"celsius":21}""", Seconds: 0.25),
        new ToolReturned("c", Ok: false, Error: ToolReturned.Timeout, Seconds: 10),
        new TurnCompleted("stop", new TokenUsage(1, 2), 1.5),
        new TurnCompleted("stop", new TokenUsage(1, 2), 1.5, 0.4, "f"),
        new TurnCancelled(CancelledBy.Interrupt),
        new TurnFailed("model-error", Retriable: true),
    ];

    [Theory]
    [MemberData(nameof(All))]
    public void Event_WrittenAndRead_IsTheSame(SessionEvent happened)
    {
        var sent = happened with { Seq = 17, Turn = "t", At = At };
        var json = WireJson.Write(sent);

        Assert.Equal(json, WireJson.Write(WireJson.ReadEvent(json)));
        Assert.Equal(sent.GetType(), WireJson.ReadEvent(json).GetType());
    }

    [Fact]
    public void Event_OnTheWire_HasTheFormOfTheDesign() =>
        Assert.Equal(
            """{"type":"token","seq":17,"turn":"01J","at":"2026-11-22T08:00:00.000Z","text":"Hél+"}""",
            WireJson.Write(new TokenProduced("Hél+") { Seq = 17, Turn = "01J", At = At }));

    [Theory]
    [InlineData(true, "21 °C", null, "21 °C")]
    [InlineData(true, null, null, "")]
    [InlineData(false, null, "timeout", """{"error":"timeout"}""")]
    [InlineData(false, "no \"x\" é", "bad-arguments", """{"error":"bad-arguments","detail":"no \"x\" é"}""")]
    public void ToolReturned_ResultAndError_AreShownToTheModel(bool ok, string? result, string? error, string shown) =>
        Assert.Equal(shown, new ToolReturned("c", ok, result, error).Shown);

    [Theory]
    [InlineData("""{"type":"token","seq":1,"at":"2026-11-22T08:00:00.000Z"}""")]
    [InlineData("""{"type":"token","seq":"1","at":"2026-11-22T08:00:00.000Z","text":"a"}""")]
    [InlineData("null")]
    public void Event_Malformed_IsRefused(string json) =>
        Assert.Throws<JsonException>(() => WireJson.ReadEvent(json));

    [Fact]
    public void Event_OfATypeOfANewerPod_OnlyTakesItsPlaceInTheLog()
    {
        var happened = WireJson.ReadEvent("""{"type":"mood.changed","seq":5,"at":"2026-11-22T08:00:00.000Z","mood":"good"}""");

        Assert.Equal(SessionState.Empty with { Seq = 5, LastAt = At }, SessionState.Empty.Apply(happened));
    }

    [Fact]
    public void Request_UnknownOrDoubledMember_IsRefused()
    {
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize("""{"id":"a","text":"b","txt":"c"}""", WireJson.Types.InputRequest));
        var options = new JsonSerializerOptions(JsonSerializerDefaults.Web);
        WireJson.Apply(options);
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<InputRequest>("""{"id":"a","text":"b","text":"c"}""", options));
    }

    [Fact]
    public void BuildId_OneOfFourDiffers_FingerprintDiffers()
    {
        BuildId[] builds =
        [
            Build, Build with { Code = "0.1.1" }, Build with { Prompt = "bb" }, Build with { Model = "sim-small" }, Build with { KbIndex = "k1" },
        ];

        Assert.Equal(builds.Length, builds.Select(build => build.Fingerprint()).Distinct().Count());
        Assert.Equal(Build.Fingerprint(), (Build with { }).Fingerprint());
    }
}
