using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Durability;

/// <summary>Clients that come back with what the log does not have, or talk nonsense: documented answers, and no exception anywhere.</summary>
public sealed class ResumeTests(ResumeTests.OwnSystem system) : IClassFixture<ResumeTests.OwnSystem>
{
    private const int KeptTurns = 3;

    [Theory]
    [InlineData("1", true)] // trimmed
    [InlineData("99999", true)] // not yet
    [InlineData("9223372036854775807", true)]
    [InlineData("-1", false)]
    [InlineData("9223372036854775808", false)]
    [InlineData("1.5.x y", true)] // of no writer
    [InlineData("soon", false)]
    public async Task Cursor_OfNoPlaceInTheLog_GetsASnapshotOrIsRefused(string cursor, bool isCursor)
    {
        using var conversation = await TrimmedAsync();
        using var gateway = system.Gateway();
        var address = $"/v1/sessions/{conversation.Id}/events?after={Uri.EscapeDataString(cursor)}";
        if (!isCursor)
        {
            using var refused = await gateway.GetAsync(address);
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Equal("urn:aspireagent:invalid-request", (string)(await refused.Content.ReadFromJsonAsync<JsonObject>())!["type"]!);
        }

        await using var fleet = new Fleet(system);
        using var socket = await conversation.ConnectAsync(after: $"{(await fleet.LogAsync(conversation.Id))[^1]["seq"]}");
        await socket.SendAsync(new { type = "resume", after = cursor });
        var told = await socket.NextAsync();
        if (!isCursor)
        {
            Assert.Equal("urn:aspireagent:invalid-request", (string)told["problem"]!["type"]!);
        }
        else
        {
            var first = await conversation.EventsAsync(cursor).FirstAsync();
            Assert.Equal(("reset", "reset"), ((string)first["type"]!, (string)told["type"]!));
            Assert.Equal(2 * (KeptTurns + 2), first["snapshot"]!["messages"]!.AsArray().Count); // all that was said, the trimmed turns too
            Assert.Equal(first["snapshot"]!.ToJsonString(), told["snapshot"]!.ToJsonString());
        }

        system.Printed.AssertNoException();
    }

    [Fact]
    public async Task Socket_Nonsense_IsAnsweredAndTheConnectionStays()
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var socket = await conversation.ConnectAsync();
        var random = new Random(7);
        for (var i = 0; i < 50; i++)
        {
            var nonsense = new byte[random.Next(1, 2_000)];
            random.NextBytes(nonsense);
            await socket.SendBinaryAsync(nonsense);
            Assert.Equal("urn:aspireagent:malformed-body", (string)(await socket.NextAsync("error"))["problem"]!["type"]!);
        }

        await socket.SendTextAsync(new string('{', 3_000_000));
        Assert.Equal("urn:aspireagent:frame-too-large", (string)(await socket.NextAsync("error"))["problem"]!["type"]!);
        await socket.SendTextAsync(new string('[', 100_000));
        Assert.Equal("urn:aspireagent:malformed-body", (string)(await socket.NextAsync("error"))["problem"]!["type"]!);
        await socket.SendAsync(new { type = "input", id = "1", text = "hello" });
        await socket.NextAsync("turn.completed");
        system.Printed.AssertNoException();
    }

    [Fact]
    public async Task Delete_HasNoBodyAndTheConnectionGoesOn()
    {
        using var gateway = system.Gateway();
        for (var i = 0; i < 10; i++)
        {
            using var conversation = await Conversation.OpenAsync(system);
            using var deleted = await gateway.DeleteAsync($"/v1/sessions/{conversation.Id}{(i % 2 == 0 ? "" : "?erase=true")}");
            Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        }

        system.Printed.AssertNoException();
    }

    [Fact]
    public async Task Socket_FramesAfterItsClose_AreNotHeard()
    {
        using var conversation = await Conversation.OpenAsync(system);
        await using var raw = await RawSocket.ConnectAsync(system, conversation.Id);

        await raw.SendAsync(RawSocket.Close(1000), RawSocket.Text("""{"type":"input","id":"1","text":"too late"}"""));

        Assert.Equal(1000, await raw.ClosedWithAsync());
        await using var fleet = new Fleet(system);
        Assert.DoesNotContain(await fleet.LogAsync(conversation.Id), happened => (string)happened["type"]! == "input.accepted");
        system.Printed.AssertNoException();
    }

    [Theory]
    [InlineData(new byte[] { 0x81, 0x82, 0, 0, 0, 0, 0xC3, 0x28 }, 1007)] // text that is not UTF-8
    [InlineData(new byte[] { 0x83, 0x80, 0, 0, 0, 0 }, 1002)] // an opcode that there is not
    public async Task Socket_NoWebSocketFrame_IsClosedAsRfc6455Says(byte[] frame, int code)
    {
        using var conversation = await Conversation.OpenAsync(system);
        await using var raw = await RawSocket.ConnectAsync(system, conversation.Id);

        await raw.SendAsync(frame);

        Assert.Equal(code, await raw.ClosedWithAsync());
        system.Printed.AssertNoException();
    }

    // A session with more turns than the log keeps.
    private async Task<Conversation> TrimmedAsync()
    {
        var conversation = await Conversation.OpenAsync(system);
        for (var i = 1; i <= KeptTurns + 2; i++)
        {
            var turn = await conversation.SayAsync($"{i}", $"Question {i}?");
            await Poll.UntilAsync(async () => await EndedAsync(conversation.Id, turn), "the turn's end");
        }

        await using var fleet = new Fleet(system);
        await Poll.UntilAsync(async () => (long)(await fleet.LogAsync(conversation.Id))[0]["seq"]! > 1, "the log to be trimmed");
        return conversation;
    }

    private async Task<bool> EndedAsync(string session, string turn)
    {
        await using var fleet = new Fleet(system);
        return (await fleet.LogAsync(session)).Exists(happened => (string?)happened["turn"] == turn && (string)happened["type"]! == "turn.completed");
    }

    public sealed class OwnSystem : SystemFixture
    {
        protected override IEnumerable<string> Settings => ["--Simulator:Speed=0", $"--Sessions:KeptTurns={KeptTurns}", .. PrintedLines.Settings];
    }
}
