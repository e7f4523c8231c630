using AspireAgent.Agent.Draining;
using AspireAgent.Agent.EventLog;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Testing;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace AspireAgent.Agent.Tests.Draining;

/// <summary>On a Redis of its own, in which the pods of the test alone are alive.</summary>
public sealed class SessionEvacuationTests : IAsyncLifetime
{
    private readonly LocalInstance _local = AgentHarness.Instance("a");
    private RedisProcess _redis = null!;
    private AgentHarness _agent = null!;
    private InstanceRegistry _registry = null!;
    private SessionHost _a = null!;
    private SessionHost _b = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisProcess.StartAsync(RedisKind.Server);
        _agent = await AgentHarness.StartAsync(_redis);
        _registry = new InstanceRegistry(_agent.Connection);
        (_a, _b) = (_agent.Host(_local), _agent.Host(AgentHarness.Instance("b")));
        await _registry.WriteAsync(_local.Describe()!);
    }

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _agent.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task Drain_WithTime_HandsOverWhatIsQuietAtOnceAndTheRestAtItsTurnsEnd()
    {
        await BIsReadyAsync();
        var (running, call) = await AskAsync();
        var quiet = await OpenQuietAsync("quiet");
        await AcceptAsync(running, "2");

        var draining = DrainAsync(TimeSpan.FromHours(1), default);
        await quiet.Ended;
        Assert.Equal([running], _a.Sessions);
        Assert.False(draining.IsCompleted);
        call.Say("lo");
        call.Finish();
        await draining;

        Assert.Equal(0, _a.Count);
        Assert.Equal(["token:Hel", "input:hello 2", "token:lo", "completed"], (await _agent.StoryAsync("completed"))[^4..]); // the next does not begin here
        await _agent.FindOnAsync(_b);
        (await _agent.Model.NextCallAsync()).Say("Two");
        Assert.Equal(["moved:drain", "started:2", "token:Two"], (await _agent.StoryAsync("token:Two"))[^3..]);
        Assert.IsType<SessionLookup.Here>(await _b.FindAsync("quiet", null, default));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Drain_HardDeadline_MovesInMidTurnAlsoWhereNobodyIsThereToTakeIt(bool isOtherReady)
    {
        if (isOtherReady)
        {
            await BIsReadyAsync();
        }

        var (_, call) = await AskAsync();
        var quiet = await OpenQuietAsync("quiet");

        await DrainAsync(TimeSpan.FromMilliseconds(100), default);

        Assert.Equal(0, _a.Count);
        Assert.Equal(SessionEndReason.HandedOver, await quiet.Ended);
        Assert.True(await call.Ended.Task, "the model's call was not cancelled");
        await _agent.FindOnAsync(_b);
        (await _agent.Model.NextCallAsync()).Say("lo");
        Assert.Equal(["token:Hel", "moved:drain", "switched:Continuation", "token:lo"], (await _agent.StoryAsync("token:lo"))[^4..]);
    }

    [Fact]
    public async Task Drain_CalledOff_WhatRunsAndWhatWaitsGoOnHere()
    {
        await BIsReadyAsync();
        var (session, call) = await AskAsync();
        var quiet = await OpenQuietAsync("quiet");
        await AcceptAsync(session, "2");
        using var undrained = new CancellationTokenSource();
        var draining = DrainAsync(TimeSpan.FromHours(1), undrained.Token);
        await quiet.Ended; // it has begun

        await undrained.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => draining);
        call.Say("lo");
        call.Finish();
        var second = await _agent.Model.NextCallAsync();
        second.Say("Two");
        second.Finish();

        await _agent.StoryAsync("token:Two");
        Assert.Same(session, _a.FindLive(_agent.Id));
        Assert.Empty((await _agent.LogAsync()).OfType<SessionMoved>());
    }

    [Fact]
    public async Task Drain_Alone_KeepsWhatItHasUntilSomebodyIsReady()
    {
        var (session, _) = await AskAsync();
        var quiet = await OpenQuietAsync("quiet");
        var draining = DrainAsync(TimeSpan.FromHours(1), default);
        Assert.False(quiet.Ended.IsCompleted);

        await BIsReadyAsync();

        Assert.Equal(SessionEndReason.HandedOver, await quiet.Ended);
        await session.HandOverAsync(SessionMoved.Drain);
        await draining;
    }

    [Fact]
    public async Task Drain_RegistryCannotBeRead_WaitsForTheDeadline()
    {
        var time = new FakeTimeProvider();
        using var nobody = await ConnectionMultiplexer.ConnectAsync(new ConfigurationOptions
        {
            EndPoints = { { "127.0.0.1", LocalPort.Free() } }, AbortOnConnectFail = false, ConnectTimeout = 100, BacklogPolicy = BacklogPolicy.FailFast,
        });
        var evacuation = new SessionEvacuation(_a, new InstanceRegistry(nobody), time);
        var draining = evacuation.DrainAsync(
            new DrainStatus(time.GetUtcNow(), time.GetUtcNow().AddMinutes(1), 0, true), isTerminating: false, default);

        for (var second = 0; second < 59; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.False(draining.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        await draining.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private Task BIsReadyAsync() => _registry.WriteAsync(AgentHarness.Instance("b").Describe()!);

    private async Task DrainAsync(TimeSpan hard, CancellationToken undrained)
    {
        var now = TimeProvider.System.GetUtcNow();
        var order = new DrainStatus(now, now + hard, 0, Exit: false);
        _local.ReportDrain(order);
        await _registry.WriteAsync(_local.Describe()!);
        await new SessionEvacuation(_a, _registry, TimeProvider.System).DrainAsync(order, isTerminating: false, undrained);
    }

    private async Task<(Session Session, FakeCall Call)> AskAsync()
    {
        var session = await _agent.OpenOnAsync(_a);
        await AcceptAsync(session, "1");
        var call = await _agent.Model.NextCallAsync();
        call.Say("Hel");
        await _agent.StoryAsync("token:Hel");
        return (session, call);
    }

    private async Task<Session> OpenQuietAsync(string id) =>
        Assert.IsType<SessionLookup.Here>(
            await _a.OpenAsync(id, new SessionOpened("demo", "standard", "user"), new OpenSessionRequest { Id = id }, null, default)).Session;

    private static async Task AcceptAsync(Session session, string id) => Assert.IsType<InputOutcome.Accepted>(
        await session.AcceptAsync(new InputRequest { Id = id, Text = $"hello {id}" }, TimeProvider.System.GetTimestamp(), default));
}
