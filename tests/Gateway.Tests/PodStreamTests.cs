using System.IO.Pipelines;
using System.Text;
using AspireAgent.Gateway.Routing;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Gateway.Tests;

public sealed class PodStreamTests
{
    private static readonly TimeSpan DeadAfter = TimeSpan.FromSeconds(3);

    private readonly FakeTimeProvider _time = new();
    private readonly Pipe _pipe = new();
    private readonly PodStream _stream;

    public PodStreamTests() => _stream = new PodStream(
        new HttpResponseMessage
        {
            Content = new StreamContent(_pipe.Reader.AsStream()),
            RequestMessage = new HttpRequestMessage(HttpMethod.Get, "http://pod:8080/v1/x"),
        },
        DeadAfter, _time);

    [Theory]
    [InlineData(3.0, nameof(PodStreamEnd.Silent))]
    [InlineData(3.9, nameof(PodStreamEnd.Silent))]
    [InlineData(4.5, nameof(PodStreamEnd.Broken))]
    [InlineData(600, nameof(PodStreamEnd.Broken))]
    public async Task Read_NothingComes_IsSilentUnlessOurOwnClockStoodStill(double seconds, string end)
    {
        await using var frames = _stream.ReadAsync(default).GetAsyncEnumerator();
        await SendAsync("event: ping\ndata: {}\n\n");
        Assert.True(await frames.MoveNextAsync());
        _time.Advance(TimeSpan.FromMinutes(1)); // a slow client is not a dead pod

        var next = frames.MoveNextAsync();
        _time.Advance(TimeSpan.FromSeconds(seconds)); // the timer fires late by what is more than its time

        Assert.False(await next);
        Assert.Equal(end, _stream.End.ToString());
    }

    [Fact]
    public async Task Read_PodSaysThatItMoved_EndsAsMoved()
    {
        await SendAsync("event: token\nid: 4.ab\ndata: {\"a\":1}\n\nevent: moved\ndata: {}\n\n");
        await _pipe.Writer.CompleteAsync();

        var frames = await _stream.ReadAsync(default).ToListAsync();

        Assert.Equal([new("token", "{\"a\":1}", "4.ab"), new("moved", "{}", null)], frames);
        Assert.Equal(PodStreamEnd.Moved, _stream.End);
        Assert.Equal("http://pod:8080", _stream.Address);
    }

    [Fact]
    public async Task Read_ConnectionBreaks_EndsAsBroken()
    {
        await _pipe.Writer.CompleteAsync(new IOException());
        Assert.Empty(await _stream.ReadAsync(default).ToListAsync());
        Assert.Equal(PodStreamEnd.Broken, _stream.End);
    }

    [Theory]
    [InlineData(nameof(PodStreamEnd.Broken), "broken")]
    [InlineData(nameof(PodStreamEnd.Moved), "moved")]
    [InlineData(nameof(PodStreamEnd.Silent), "silent")]
    public void Tag_EachEnd_IsItsWord(string end, string tag) =>
        Assert.Equal(tag, GatewayMetrics.ToTag(Enum.Parse<PodStreamEnd>(end)));

    private async Task SendAsync(string text) => await _pipe.Writer.WriteAsync(Encoding.UTF8.GetBytes(text));
}
