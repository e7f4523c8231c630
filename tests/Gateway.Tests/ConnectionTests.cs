using System.Threading.Channels;
using AspireAgent.Contracts.Instances;
using AspireAgent.Gateway.Draining;
using AspireAgent.Gateway.Routing;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Http;

namespace AspireAgent.Gateway.Tests;

public sealed class ConnectionTests(RedisPair servers)
{
    private static readonly SessionFrame Token = new("token", "{}", "1.a");
    private static readonly SessionFrame Ping = new("ping", "{}", null);

    private readonly Channel<SessionFrame> _frames = Channel.CreateUnbounded<SessionFrame>();

    [Fact]
    public async Task Watch_GatewayDrains_TellsOnceFromTheSoftAgeOn()
    {
        var harness = await StartAsync();
        using var connection = Open(harness);
        await using var watched = Watch(connection);
        var order = new DrainStatus(harness.Time.GetUtcNow(), harness.Time.GetUtcNow().AddHours(1), 60, true);
        harness.Local.ReportDrain(order);
        Assert.Equal("token", await NextAsync(watched, Token));

        harness.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal("ping", await NextAsync(watched, Ping));
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("notice", await NextAsync(watched));
        Assert.Contains("\"closesAt\":\"2026-01-01T01:00:00.000Z\"", watched.Current.Json, StringComparison.Ordinal);
        Assert.Equal("token", await NextAsync(watched, Token));
        Assert.Equal("ping", await NextAsync(watched, Ping));

        harness.Local.ReportDrain(order with { HardAt = order.HardAt.AddHours(1) }); // another deadline is news
        Assert.Equal("notice", await NextAsync(watched));
    }

    [Fact]
    public async Task Watch_ClientThatIsNotTold_GetsNoNotice()
    {
        var harness = await StartAsync();
        using var connection = Open(harness);
        await using var watched = Watch(connection, told: false);
        harness.Local.ReportDrain(new DrainStatus(harness.Time.GetUtcNow(), harness.Time.GetUtcNow().AddHours(1), 0, true));

        Assert.Equal("token", await NextAsync(watched, Token));
        Assert.Equal("ping", await NextAsync(watched, Ping));
    }

    [Fact]
    public async Task Watch_NothingSaidForLong_EndsAsIdle()
    {
        var harness = await StartAsync();
        using var connection = Open(harness);
        await using var watched = Watch(connection);
        harness.Time.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal("token", await NextAsync(watched, Token));
        harness.Time.Advance(TimeSpan.FromMinutes(59));
        connection.Use();
        harness.Time.Advance(TimeSpan.FromMinutes(60));
        Assert.Equal("ping", await NextAsync(watched, Ping));

        harness.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await watched.MoveNextAsync());

        Assert.Equal(ConnectionEnd.Idle, connection.End);
    }

    [Fact]
    public async Task Watch_ClientTakesNothing_IsCutOff()
    {
        var harness = await StartAsync();
        var context = new DefaultHttpContext();
        var aborted = new AbortFeature();
        context.Features.Set<Microsoft.AspNetCore.Http.Features.IHttpRequestLifetimeFeature>(aborted);
        using var connection = harness.Connections.Open(context, "demo", "sse")!;
        await using var watched = Watch(connection);
        Assert.Equal("token", await NextAsync(watched, Token));
        var next = watched.MoveNextAsync(); // it has taken it
        harness.Time.Advance(TimeSpan.FromMinutes(30));
        Assert.False(aborted.IsAborted);
        await _frames.Writer.WriteAsync(Token);
        Assert.True(await next);

        harness.Time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(aborted.IsAborted);
        harness.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.True(aborted.IsAborted);
        Assert.Equal(ConnectionEnd.Stuck, connection.End);
    }

    [Fact]
    public async Task Watch_NoAgentGoesOn_EndsAsUnavailable()
    {
        var harness = await StartAsync();
        using var connection = Open(harness);
        await using var watched = Watch(connection);

        Assert.Equal("error", await NextAsync(watched, SessionFrame.Unavailable));

        Assert.Equal(ConnectionEnd.Unavailable, connection.End);
    }

    [Theory]
    [InlineData(nameof(ConnectionEnd.Done), "done")]
    [InlineData(nameof(ConnectionEnd.Idle), "idle")]
    [InlineData(nameof(ConnectionEnd.Stuck), "stuck")]
    [InlineData(nameof(ConnectionEnd.Drained), "drained")]
    [InlineData(nameof(ConnectionEnd.Unavailable), "unavailable")]
    public void Tag_EachEnd_IsItsWord(string end, string tag) =>
        Assert.Equal(tag, GatewayMetrics.ToTag(Enum.Parse<ConnectionEnd>(end)));

    private static Connection Open(GatewayHarness harness) => harness.Connections.Open(new DefaultHttpContext(), "demo", "sse")!;

    private IAsyncEnumerator<SessionFrame> Watch(Connection connection, bool told = true) =>
        connection.WatchAsync(_frames.Reader.ReadAllAsync(), default, told).GetAsyncEnumerator();

    private async Task<string> NextAsync(IAsyncEnumerator<SessionFrame> watched, SessionFrame? frame = null)
    {
        if (frame is not null)
        {
            await _frames.Writer.WriteAsync(frame);
        }

        Assert.True(await watched.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(30)));
        return watched.Current.Type;
    }

    private Task<GatewayHarness> StartAsync() => GatewayHarness.StartAsync(servers, database: 2);

    private sealed class AbortFeature : Microsoft.AspNetCore.Http.Features.IHttpRequestLifetimeFeature
    {
        public bool IsAborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => IsAborted = true;
    }
}
