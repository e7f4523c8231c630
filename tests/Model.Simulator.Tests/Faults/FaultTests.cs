using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;

namespace AspireAgent.Simulator.Tests.Faults;

public sealed class FaultTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    [Theory]
    [InlineData("cut=0", 0)]
    [InlineData("refuse", 0)]
    [InlineData("cut=3", 3)]
    [InlineData("cut=6", 6)]
    public async Task Cut_Streamed_BreaksTheConnectionAfterSoManyTokens(string fault, int tokens)
    {
        var reply = await AskAsync($"Break at {fault}", fault, stream: true, limit: 6);

        Assert.Equal((true, tokens, null), (reply.Broken, reply.Tokens.Count, reply.Finish));
        await simulator.LoggedAsync($"Break at {fault}", "faulted");
    }

    [Theory]
    [InlineData("cut=0")]
    [InlineData("cut=3")]
    public async Task Cut_NotStreamed_BreaksTheConnectionWithoutAnAnswer(string fault)
    {
        var reply = await AskAsync($"Break whole at {fault}", fault);

        Assert.Equal((true, null), (reply.Broken, reply.Status));
        Assert.Equal(fault == "cut=0" ? 0 : 3, (int)(await simulator.LoggedAsync($"Break whole at {fault}", "faulted"))["outputTokens"]!);
    }

    [Theory]
    [InlineData("stall=0", 0, false)]
    [InlineData("stall=0", 0, true)]
    [InlineData("stall=4", 4, false)]
    [InlineData("stall=4", 4, true)]
    public async Task Stall_AfterSoManyTokens_SaysNothingMore(string fault, int tokens, bool stream)
    {
        var text = $"Fall silent at {fault} {stream}";
        using var leaving = new CancellationTokenSource();
        var body = RunningSimulator.Request("sim-small", text);
        body["stream"] = stream;
        var asked = simulator.Client.PostAsync($"/faulty/{fault}/v1/chat/completions", JsonContent.Create(body), leaving.Token);

        await simulator.LoggedAsync(entry => (string?)entry["messages"]!.AsArray().FirstOrDefault()?["content"] == text && (int)entry["outputTokens"]! == tokens);
        await leaving.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        Assert.Equal(tokens, (int)(await simulator.LoggedAsync(text, "cancelled"))["outputTokens"]!);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task DripAndDelay_HoldUpTheAnswer(bool stream)
    {
        var watch = Stopwatch.StartNew();
        var reply = await AskAsync("slowly", "drip=20; delay=100", stream, limit: 5);

        Assert.Equal(HttpStatusCode.OK, reply.Status);
        Assert.InRange(watch.ElapsedMilliseconds, 190, 20_000);
    }

    [Theory]
    [InlineData("end=0", 0)]
    [InlineData("end=5", 5)]
    public async Task End_AfterSoManyTokens_IsInGoodOrderButSaysNotThatItIsOne(string fault, int tokens)
    {
        var clean = await AskAsync("hello", stream: true);

        var streamed = await AskAsync("hello", fault, stream: true);
        var whole = await AskAsync("hello", fault);

        Assert.Equal((false, false, null, null), (streamed.Broken, streamed.Done, streamed.Finish, streamed.Usage));
        Assert.Equal(clean.Tokens.Take(tokens), streamed.Tokens);
        Assert.Equal((null, streamed.Text), (whole.Finish, whole.Text));
    }

    [Theory]
    [InlineData("garbage=0", 0)]
    [InlineData("garbage=5", 5)]
    public async Task Garbage_AfterSoManyTokens_IsNoJsonAndThenItGoesOn(string fault, int tokens)
    {
        var clean = await AskAsync("hello", stream: true);

        var streamed = await AskAsync("hello", fault, stream: true);
        var whole = await AskAsync("hello", fault);

        Assert.Equal([tokens], streamed.Unreadable);
        Assert.Equal((clean.Text, "stop", true), (streamed.Text, streamed.Finish, streamed.Done));
        Assert.Single(whole.Unreadable);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Empty_IsInGoodOrderButNothing(bool stream)
    {
        var reply = await AskAsync("hello", "empty", stream);

        Assert.Equal(("", "stop", stream, 0), (reply.Text, reply.Finish, reply.Done, (int)reply.Usage!["completion_tokens"]!));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task NoUsage_IsOtherwiseComplete(bool stream)
    {
        var clean = await AskAsync("hello", stream: stream);

        var reply = await AskAsync("hello", "no-usage", stream);

        Assert.Equal((clean.Text, "stop", null), (reply.Text, reply.Finish, reply.Usage));
    }

    [Fact]
    public async Task Repeat_SaysTheSameTokenAgain()
    {
        var reply = await AskAsync("hello", "repeat=4", stream: true);

        Assert.True(reply.Tokens.Count > 5);
        Assert.Single(reply.Tokens.Skip(4).Distinct());
    }

    [Fact]
    public async Task Faults_GoTogether()
    {
        var reply = await AskAsync("hello", "garbage=2; repeat=1; no-usage; end=4", stream: true);

        Assert.Equal((4, null, null), (reply.Tokens.Count, reply.Finish, reply.Usage));
        Assert.Equal([2], reply.Unreadable);
        Assert.Single(reply.Tokens.Skip(1).Distinct());
    }

    private Task<Reply> AskAsync(string text, string? fault = null, bool stream = false, int? limit = null)
    {
        var request = RunningSimulator.Request("sim-small", text);
        request["max_tokens"] = limit;
        return simulator.AskAsync(request, stream, fault);
    }
}
