using System.Collections.Concurrent;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Signals.Subscribing;
using AspireAgent.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Signals.Tests;

/// <summary>The subscriber against a server that cuts, stalls, reorders and fails.</summary>
public sealed class BadServerTests(RedisPair servers) : IAsyncLifetime
{
    private readonly WatchedTime _time = new();
    private readonly string _directory = Directory.CreateTempSubdirectory("aspireagent-signals-").FullName;
    private readonly string _kind = Guid.NewGuid().ToString("N");
    private readonly ConcurrentQueue<long> _seen = new();
    private ScriptedServer _server = null!;
    private SignalClient<TurnConfig>? _client;

    public async ValueTask InitializeAsync() => _server = await ScriptedServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.StopAsync(default);
            _client.Dispose();
        }

        await _server.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Server_CutsInTheMiddleOfALine_IsResumedAfterTheLastWhole()
    {
        await FollowAsync();
        var first = await _server.NextAsync();
        await first.SayAsync(7, "seven");
        await UntilAsync("seven");
        await first.SayAsync("id: 8\nevent: value\ndata: {\"systemPr");
        first.Cut();

        var second = await NextAsync();
        await second.SayAsync(8, "eight");

        await UntilAsync("eight");
        Assert.Equal(["", "7"], _server.Resumed);
        Assert.Equal([7L, 8], _seen);
    }

    [Fact]
    public async Task Server_EndsTheStreamOrderly_IsFollowedAgain()
    {
        await FollowAsync();
        var first = await _server.NextAsync();
        await first.SayAsync(1, "one");
        first.End();

        var second = await NextAsync();
        await second.SayAsync(2, "two");

        await UntilAsync("two");
    }

    [Fact]
    public async Task Server_Stalls_IsLeftAfterFiveSecondsAndTriedAgain()
    {
        await FollowAsync();
        var first = await _server.NextAsync();
        await first.SayAsync(1, "one");
        await UntilAsync("one");

        _time.Advance(TimeSpan.FromSeconds(4));
        await first.SayAsync(1, "one"); // a sign of life: the wait begins anew
        await Poll.UntilAsync(() => _beats >= 2, "the sign of life");
        _time.Advance(TimeSpan.FromSeconds(4));
        Assert.False(first.Left.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(1.1));

        await first.Left.WaitAsync(TimeSpan.FromSeconds(30));
        var second = await NextAsync();
        await second.SayAsync(2, "two");
        await UntilAsync("two");
        Assert.Equal(["", "1"], _server.Resumed);
    }

    [Fact]
    public async Task Server_Reorders_NeverGoesBack()
    {
        await FollowAsync();
        var connection = await _server.NextAsync();
        foreach (var revision in new long[] { 3, 2, 5, 4, 5, 1, 6 })
        {
            await connection.SayAsync(revision, $"{revision}");
        }

        await UntilAsync("6");
        Assert.Equal([3L, 5, 6], _seen);
    }

    [Fact]
    public async Task Server_Fails_IsTriedEverMoreSeldomWhileTheLastValueStands()
    {
        await FollowAsync();
        var first = await _server.NextAsync();
        await first.SayAsync(1, "one");
        await UntilAsync("one");
        first.Cut();

        for (var attempt = 0; attempt < 8; attempt++)
        {
            (await NextAsync()).Refuse(attempt % 2 == 0 ? 500 : 503);
        }

        // One pause before each: 0.1 s doubled up to 2 s, each by half to one and a half.
        double[] pauses = [0.1, 0.2, 0.4, 0.8, 1.6, 2, 2, 2];
        var waited = _time.Waits.Select(wait => wait.TotalSeconds).Where(seconds => seconds <= 3).Take(pauses.Length);
        Assert.All(waited.Zip(pauses), pair => Assert.InRange(pair.First, 0.5 * pair.Second, 1.5 * pair.Second));
        Assert.Equal("one", _client!.Current!.Value.SystemPrompt);
        var back = await NextAsync();
        await back.SayAsync(2, "two");
        await UntilAsync("two");
    }

    [Fact]
    public async Task Server_SaysWhatIsNoValue_IsLeftAndTriedAgain()
    {
        await FollowAsync();
        var first = await _server.NextAsync();
        await first.SayAsync("id: 9\nevent: value\ndata: {\"systemPrompt\": 7}\n\n");

        var second = await NextAsync();
        await second.SayAsync(2, "two");

        await UntilAsync("two");
        Assert.Equal([2L], _seen);
    }

    [Fact]
    public async Task Server_Resets_IsFollowedBack()
    {
        await FollowAsync();
        var connection = await _server.NextAsync();
        await connection.SayAsync(9, "nine");
        await connection.SayAsync(2, "two", type: "reset");
        await UntilAsync("two");
        await connection.SayAsync(3, "three");

        await UntilAsync("three");
        Assert.Equal([9L, 2, 3], _seen);
    }

    [Fact]
    public async Task Start_NothingAnswers_StandsOnTheCopyOnDisk()
    {
        await FollowAsync();
        var connection = await _server.NextAsync();
        await connection.SayAsync(4, "kept");
        await UntilAsync("kept");
        Assert.Equal(SignalOrigin.Service, _client!.Origin);
        await _client.StopAsync(default);
        await _server.DisposeAsync();
        var file = Directory.EnumerateFiles(_directory).Single();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));

        await FollowAsync();

        await UntilAsync("kept");
        Assert.Equal((4L, SignalOrigin.Disk), (_client.Current!.Revision, _client.Origin));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("""{"revision":"x","value":{}}""")]
    [InlineData("""{"revision":1,"value":{"systemPrompt":7}}""")]
    public async Task Start_CopyOnDiskIsSpoilt_GoesOnWithoutIt(string text)
    {
        await File.WriteAllTextAsync(Path.Combine(_directory, $"{_kind}.json"), text);

        await FollowAsync();
        (await _server.NextAsync()).Refuse(500);
        var second = await NextAsync();
        Assert.Null(_client!.Current);
        await second.SayAsync(1, "one");

        await UntilAsync("one");
    }

    [Fact]
    public async Task Start_NoFallbackAllowed_HasNoValueUntilTheServiceSpeaks()
    {
        var redis = await (await servers.GetAsync(RedisKind.Garnet)).ConnectAsync();
        await new SignalSnapshots<TurnConfig>(redis, _kind, WireJson.Types.TurnConfig).TryReplaceAsync(0, new SignalValue<TurnConfig>(3, new TurnConfig()));

        await FollowAsync(SignalFallback.None);
        (await _server.NextAsync()).Refuse(500);
        await NextAsync();

        Assert.Equal((null, SignalOrigin.None), (_client!.Current, _client.Origin));
    }

    private volatile int _beats;

    private async Task FollowAsync(SignalFallback fallback = SignalFallback.Disk)
    {
        _client?.Dispose();
        var redis = await (await servers.GetAsync(RedisKind.Garnet)).ConnectAsync();
        _client = new SignalClient<TurnConfig>(
            new PlainClients(), new SignalClientOptions<TurnConfig>(_kind, _server.Address, WireJson.Types.TurnConfig, fallback),
            Options.Create(new SignalOptions { Directory = _directory }), new SignalSnapshots<TurnConfig>(redis, _kind, WireJson.Types.TurnConfig),
            _time, NullLogger<SignalClient<TurnConfig>>.Instance);
        _client.Subscribe(value => _seen.Enqueue(value.Revision));
        _client.Heard.Subscribe(_ => Interlocked.Increment(ref _beats));
        await _client.StartAsync(default);
    }

    /// <summary>The next connection; the clock goes on until the client tries.</summary>
    private async Task<ScriptedServer.Connection> NextAsync()
    {
        var next = _server.NextAsync();
        await Poll.UntilAsync(
            () =>
            {
                if (!next.IsCompleted)
                {
                    _time.Advance(TimeSpan.FromMilliseconds(20));
                }

                return next.IsCompleted;
            },
            "the next connection");
        return await next;
    }

    private Task UntilAsync(string prompt) => Poll.UntilAsync(
        () =>
        {
            if (_client!.Origin is SignalOrigin.None)
            {
                _time.Advance(TimeSpan.FromMilliseconds(20));
            }

            return _client.Current?.Value.SystemPrompt == prompt;
        },
        prompt);

    private sealed class PlainClients : IHttpClientFactory
    {
        public HttpClient CreateClient(string name) => new(new SocketsHttpHandler { ResponseDrainTimeout = TimeSpan.Zero, MaxResponseDrainSize = 0 });
    }

    /// <summary>A clock that knows how long it was asked to wait, each time.</summary>
    private sealed class WatchedTime : FakeTimeProvider
    {
        public ConcurrentQueue<TimeSpan> Waits { get; } = new();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Enqueue(dueTime);
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
