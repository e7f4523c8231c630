using System.Text.Json;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Readers;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.Readers;

/// <summary>Cursors of logs that were trimmed, moved, or lost their end.</summary>
public sealed class ReaderCursorTests(RedisPair servers) : IAsyncLifetime
{
    private AgentHarness _agent = null!;
    private SessionHost _a = null!;
    private SessionHost _b = null!;

    public async ValueTask InitializeAsync()
    {
        _agent = await AgentHarness.StartAsync(servers, RedisKind.Garnet);
        (_a, _b) = (_agent.Host(AgentHarness.Instance("a")), _agent.Host(AgentHarness.Instance("b")));
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _agent.DisposeAsync();
    }

    [Fact]
    public async Task Cursor_OfATrimmedSeq_GetsASnapshotAndGoesOnFromThere()
    {
        _agent.Options.KeptTurns = 1;
        var session = await _agent.OpenOnAsync(_a);
        foreach (var turn in new[] { "1", "2", "3" })
        {
            await AnswerAsync(session, turn);
        }

        await Poll.UntilAsync(async () => (await _agent.LogAsync())[0] is InputAccepted { Text: "3" }, "the log to be trimmed for the last time");
        var trimmed = (await _agent.LogAsync())[0].Seq;

        await using var taken = await _agent.FindOnAsync(_b);
        foreach (var reader in new[] { session.Reader, taken.Reader })
        {
            var reset = await FirstAsync(reader, new Cursor(trimmed - 2, null));
            Assert.Equal("reset", reset.Type);
            Assert.Equal(reset.Cursor!.Value.Seq, Snapshot(reset).Seq);
            Assert.Equal(["1", "answer 1", "2", "answer 2", "3", "answer 3"], Snapshot(reset).Messages.Select(message => message.Text));
            Assert.NotEqual("reset", (await FirstAsync(reader, new Cursor(trimmed - 1, null))).Type);
            Assert.Equal(trimmed, (await FirstAsync(reader, null)).Cursor!.Value.Seq); // no cursor: the oldest that is kept
        }
    }

    [Fact]
    public async Task Cursor_OfTheFormerOwner_IsResumedAndAnotherNonceIsNot()
    {
        var session = await _agent.OpenOnAsync(_a);
        await AnswerAsync(session, "1");
        var given = (await FirstAsync(session.Reader, new Cursor(2, null))).Cursor!.Value;

        await using var taken = await _agent.FindOnAsync(_b);

        Assert.Equal(given.Seq + 1, (await FirstAsync(taken.Reader, given)).Cursor!.Value.Seq);
        Assert.Equal("reset", (await FirstAsync(taken.Reader, given with { Nonce = "ffffffff" })).Type);
        Assert.Equal("reset", (await FirstAsync(taken.Reader, new Cursor(1_000, null))).Type);
    }

    [Fact]
    public async Task Log_LostItsEnd_TheOwnerTakesItAnewAndCursorsOfWhatIsLostGetASnapshot()
    {
        var session = await _agent.OpenOnAsync(_a);
        await AnswerAsync(session, "1");
        await AcceptAsync(session, "2");
        var call = await _agent.Model.NextCallAsync();
        call.Say("lost");
        await _agent.StoryAsync("token:lost");
        var told = new Cursor((await _agent.LogAsync())[^1].Seq, session.Grant.Nonce);

        // A Redis that was killed had not written this to its disk.
        await _agent.Connection.GetDatabase().ListRightPopAsync(SessionKeys.Log(_agent.Id));
        call.Say("more");
        Assert.Equal(SessionEndReason.Gap, await session.Ended);
        Assert.True(await call.Ended.Task, "the model's call was not cancelled");

        await Poll.UntilAsync(() => _a.Count == 0, "the session to be let go of");
        await using var again = await _agent.FindOnAsync(_a);
        var reset = await FirstAsync(again.Reader, told);
        Assert.Equal("reset", reset.Type);
        Assert.Equal("2", Snapshot(reset).Messages.Concat(again.State.Waiting.Select(waiting => new ConversationMessage("user", waiting.Text)))
            .Append(new ConversationMessage("user", again.State.Running?.Input.Text ?? "")).Last().Text);
        var second = await _agent.Model.NextCallAsync();
        Assert.EndsWith("|user:2", second.Prompt, StringComparison.Ordinal); // of which nothing had been said
        second.Say("found");
        Assert.Equal(["started:2", "moved:store", "token:found"], (await _agent.StoryAsync("token:found"))[^3..]);
    }

    [Fact]
    public async Task Reader_OfAFormerOwnerThatDoesNotKnowYet_IsToldNothingOfTheNextOne()
    {
        await AnswerAsync(await _agent.OpenOnAsync(_a), "1");
        await using var session = await _agent.FindOnAsync(_b);
        await _agent.StoryAsync("moved:crash");
        var last = (await _agent.LogAsync())[^1].Seq;
        await Poll.UntilAsync(() => session.SavedSeq == last, "the pod to hear that it is saved");
        await using var c = _agent.Host(AgentHarness.Instance("c"));
        await using var taken = await _agent.FindOnAsync(c);
        await AnswerAsync(taken, "2");

        var told = await ReadAsync(session.Reader, last);

        Assert.Equal(last, told[^1].Cursor!.Value.Seq);
        foreach (var frame in told)
        {
            Assert.NotEqual("reset", (await FirstAsync(taken.Reader, frame.Cursor)).Type);
        }
    }

    private static SessionSnapshot Snapshot(ReaderFrame reset) =>
        JsonDocument.Parse(reset.Json).RootElement.GetProperty("snapshot").Deserialize(WireJson.Types.SessionSnapshot)!;

    private static async Task<ReaderFrame> FirstAsync(SessionReader reader, Cursor? cursor)
    {
        await foreach (var frame in reader.ReadAsync(cursor, TimeSpan.FromSeconds(30), default))
        {
            return frame;
        }

        throw new InvalidOperationException("It told nothing.");
    }

    // From the log's beginning, until there is nothing more or all of it is read.
    private static async Task<List<ReaderFrame>> ReadAsync(SessionReader reader, long atLeast)
    {
        var told = new List<ReaderFrame>();
        await foreach (var frame in reader.ReadAsync(new Cursor(0, null), TimeSpan.FromMilliseconds(100), default))
        {
            if (frame.Cursor is null && told.Count >= atLeast)
            {
                break;
            }

            told.AddRange(frame.Cursor is null ? [] : [frame]);
        }

        return told;
    }

    private async Task AnswerAsync(Session session, string text)
    {
        await AcceptAsync(session, text);
        var call = await _agent.Model.NextCallAsync();
        call.Say($"answer {text}");
        call.Finish();
        await Poll.UntilAsync(() => !session.State.IsBusy, "the turn to end");
    }

    private static async Task AcceptAsync(Session session, string text) => Assert.IsType<InputOutcome.Accepted>(
        await session.AcceptAsync(new InputRequest { Id = text, Text = text }, TimeProvider.System.GetTimestamp(), default));
}
