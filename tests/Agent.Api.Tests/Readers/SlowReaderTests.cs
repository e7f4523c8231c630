using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Readers;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using Microsoft.Extensions.Diagnostics.Metrics.Testing;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Readers;

/// <summary>S3: a reader that does not keep up is told runs of tokens as one, and loses nothing.</summary>
public sealed class SlowReaderTests(RedisPair servers) : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private AgentHarness _agent = null!;
    private SessionHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _agent = await AgentHarness.StartAsync(servers, RedisKind.Garnet);
        _host = _agent.Host(AgentHarness.Instance("a"), _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _agent.DisposeAsync();
    }

    [Theory]
    [InlineData(2, 200, true)]
    [InlineData(2, 1_000, true)] // more than is kept in memory
    [InlineData(0, 200, false)] // quick
    [InlineData(2, 60, false)] // slow, but not far behind
    public async Task Reader_LetsUsWait_IsToldRunsAsOneOnlyWhereItIsFarBehind(int seconds, int tokens, bool coalesced)
    {
        using var counted = new MetricCollector<long>(_agent.Meters, AgentMetrics.MeterName, "aspireagent.reader.coalesced");
        var session = await _agent.OpenOnAsync(_host);
        var call = await SayAsync(session, "first ");
        await using var reader = session.Reader.ReadAsync(null, TimeSpan.FromMinutes(1), default).GetAsyncEnumerator();
        var told = new List<TokenProduced>();
        while (told.Count == 0)
        {
            await NextAsync(reader, told);
        }

        var waits = reader.MoveNextAsync().AsTask(); // it has all there is
        call.Say("second ");
        Assert.True(await waits);
        Keep(reader.Current, told);
        _time.Advance(TimeSpan.FromSeconds(seconds)); // and takes its time with this
        call.Say([.. Enumerable.Range(0, tokens).Select(i => $"{i} ")]);
        await _agent.StoryAsync($"token:{tokens - 1} ");
        var last = (await _agent.LogAsync())[^1].Seq;
        await Poll.UntilAsync(() => session.SavedSeq == last, "the pod to hear that it is saved");

        while (told[^1].Seq < last)
        {
            await NextAsync(reader, told);
        }

        var log = (await _agent.LogAsync()).OfType<TokenProduced>().ToList();
        Assert.Equal(string.Concat(log.Select(token => token.Text)), string.Concat(told.Select(token => token.Text)));
        for (var i = 1; i < told.Count; i++)
        {
            Assert.Equal(told[i - 1].Seq + 1, told[i].From ?? told[i].Seq);
        }

        Assert.Equal(coalesced, told.Count < log.Count);
        Assert.Equal(log.Count - told.Count, counted.GetMeasurementSnapshot().Sum(measurement => measurement.Value));
    }

    [Fact]
    public async Task Reader_ReadsThePastForTheFirstTime_IsToldEachTokenHoweverSlowItIs()
    {
        var session = await _agent.OpenOnAsync(_host);
        var call = await SayAsync(session, [.. Enumerable.Range(0, 600).Select(i => $"{i} ")]);
        await using var reader = session.Reader.ReadAsync(null, TimeSpan.FromMinutes(1), default).GetAsyncEnumerator();
        var told = new List<TokenProduced>();
        while (told.Count < 600)
        {
            await NextAsync(reader, told);
            _time.Advance(TimeSpan.FromMilliseconds(50));
        }

        Assert.All(told, token => Assert.Null(token.From));
        call.Finish();
    }

    private static async Task NextAsync(IAsyncEnumerator<ReaderFrame> reader, List<TokenProduced> told)
    {
        Assert.True(await reader.MoveNextAsync());
        Keep(reader.Current, told);
    }

    private static void Keep(ReaderFrame frame, List<TokenProduced> told)
    {
        if (frame.Type == LoggedEvent.Token)
        {
            var token = (TokenProduced)WireJson.ReadEvent(frame.Json);
            Assert.Equal(token.Seq, frame.Cursor!.Value.Seq);
            told.Add(token);
        }
    }

    private async Task<FakeCall> SayAsync(Session session, params string[] words)
    {
        Assert.IsType<InputOutcome.Accepted>(await session.AcceptAsync(new InputRequest { Id = "1", Text = "hello" }, _time.GetTimestamp(), default));
        var call = await _agent.Model.NextCallAsync();
        call.Say(words);
        await _agent.StoryAsync($"token:{words[^1]}");
        return call;
    }
}
