using AspireAgent.Agent.Draining;
using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Sessions;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Draining;

/// <summary>On a Redis of its own: a sweeper goes on with whatever it finds.</summary>
public sealed class BusySweeperTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new();
    private RedisProcess _redis = null!;
    private AgentHarness _agent = null!;
    private InstanceRegistry _registry = null!;
    private string _dead = "";

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisProcess.StartAsync(RedisKind.Server);
        _agent = await AgentHarness.StartAsync(_redis);
        _registry = new InstanceRegistry(_agent.Connection);
        _dead = $"dead-{_agent.Id}";
    }

    public async ValueTask DisposeAsync()
    {
        await _agent.DisposeAsync();
        await _redis.DisposeAsync();
    }

    [Fact]
    public async Task PodDied_InMidAnswer_OneOfTheOthersGoesOn()
    {
        await using var dead = await DieAsync();
        await using var b = await Pod.StartAsync(_agent, _registry, "b", _time);
        await using var c = await Pod.StartAsync(_agent, _registry, "c", _time);

        await Poll.UntilAsync(Advanced(() => _agent.Model.HasCalls), "somebody to go on");
        var call = await _agent.Model.NextCallAsync();
        Assert.Equal("system:P1|user:hello|assistant:Hel", call.Prompt);
        call.Say("lo");
        call.Finish();

        Assert.Equal("completed", (await _agent.StoryAsync("completed"))[^1]);
        Assert.Single((await _agent.LogAsync()).OfType<SessionMoved>());
        Assert.Equal(1, b.Host.Count + c.Host.Count);
        await Poll.UntilAsync(Advanced(() => !IsNamed(_dead)), "the dead to be forgotten");
        Assert.False(await HasAsync(InstanceKeys.Busy(_dead)));
    }

    [Fact]
    public async Task Heartbeat_MissingForAMomentOnly_NothingIsTaken()
    {
        await using var dead = await DieAsync();
        await using var b = await Pod.StartAsync(_agent, _registry, "b", _time);
        await b.SweptAsync(); // seen to be missing, and no time passes
        await b.SweptAsync();

        Assert.True(await HasAsync(InstanceKeys.Busy(_dead)));
        Assert.Equal(0, b.Host.Count);
    }

    [Fact]
    public async Task Session_ThatItsOwnPodLost_IsTakenAnewByIt()
    {
        await using var b = await Pod.StartAsync(_agent, _registry, "b", _time);
        var session = await _agent.OpenOnAsync(b.Host);
        await AcceptAsync(session);
        await _agent.Model.NextCallAsync();
        await _agent.StoryAsync("started:1");

        session.Lose(); // as where Redis could not be written for too long

        var again = await _agent.Model.NextCallAsync();
        again.Say("Hello");
        again.Finish();
        Assert.Equal(["started:1", "moved:store", "token:Hello", "completed"], (await _agent.StoryAsync("completed"))[^4..]);
    }

    [Fact]
    public async Task Drain_BeginsInMidSweep_WhatNobodyHasStaysToBeFound()
    {
        // Let go of by its pod, which died before it could say so to the others.
        await using var dead = await DieAsync();
        var session = dead.FindLive(_agent.Id)!;
        await _agent.Log.ReleaseAsync(session.Grant, SessionMoved.Drain);
        await _agent.Connection.GetDatabase().SetAddAsync(InstanceKeys.Busy(_dead), "gone");

        await using (var b = await Pod.StartAsync(_agent, _registry, "b", null))
        {
            await Poll.UntilAsync(async () => !await HasAsync(InstanceKeys.Busy(_dead), "gone"), "the sweep to come so far");
            Assert.True(b.Local.IsDraining);
        }

        Assert.True(await HasAsync(InstanceKeys.Busy(_dead)), "nobody will find it");
    }

    // A pod with a session in mid-answer that is heard of no more.
    private async Task<SessionHost> DieAsync()
    {
        var local = AgentHarness.Instance(_dead);
        await _registry.WriteAsync(local.Describe()!);
        var host = _agent.Host(local);
        var session = await _agent.OpenOnAsync(host);
        await AcceptAsync(session);
        (await _agent.Model.NextCallAsync()).Say("Hel");
        await _agent.StoryAsync("token:Hel");
        await _registry.RemoveAsync(_dead);
        Assert.True(await HasAsync(InstanceKeys.Busy(_dead)));
        return host;
    }

    private static async Task AcceptAsync(Session session) => Assert.IsType<InputOutcome.Accepted>(
        await session.AcceptAsync(new InputRequest { Id = "1", Text = "hello" }, TimeProvider.System.GetTimestamp(), default));

    private Func<bool> Advanced(Func<bool> isSo) => () =>
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return isSo();
    };

    private bool IsNamed(string instance) => _agent.Connection.GetDatabase().SetContains(InstanceKeys.Names, instance);

    private Task<bool> HasAsync(string set, string? session = null) =>
        _agent.Connection.GetDatabase().SetContainsAsync(set, session ?? _agent.Id);

    /// <summary>A pod that is alive, and sweeps.</summary>
    private sealed class Pod(AgentHarness agent, LocalInstance local, SessionHost host, BusySweeper sweeper, InstanceRegistry registry) : IAsyncDisposable
    {
        public LocalInstance Local => local;

        public SessionHost Host => host;

        /// <param name="agent">The test's.</param>
        /// <param name="registry">Where it is alive.</param>
        /// <param name="name">Its name, made unique.</param>
        /// <param name="time">What it tells the dead by; null: everybody missing is dead at once, and it drains from that moment on.</param>
        public static async Task<Pod> StartAsync(AgentHarness agent, InstanceRegistry registry, string name, TimeProvider? time)
        {
            var local = AgentHarness.Instance($"{name}-{agent.Id}");
            await registry.WriteAsync(local.Describe()!);
            var host = agent.Host(local);
            var sweeper = new BusySweeper(
                host, registry, local, agent.Connection, time ?? new DrainsWhenAsked(local), NullLogger<BusySweeper>.Instance);
            await sweeper.StartAsync(default);
            return new Pod(agent, local, host, sweeper, registry);
        }

        /// <summary>Completes when it has swept: it takes out what is no session.</summary>
        public async Task SweptAsync()
        {
            var (db, key) = (agent.Connection.GetDatabase(), $"none-{Guid.NewGuid():N}");
            await db.SetAddAsync(InstanceKeys.Busy(local.Name), key);
            await Poll.UntilAsync(async () => !await db.SetContainsAsync(InstanceKeys.Busy(local.Name), key), "a sweep");
        }

        public async ValueTask DisposeAsync()
        {
            await sweeper.StopAsync(default);
            sweeper.Dispose();
            await host.DisposeAsync();
            await registry.RemoveAsync(local.Name);
        }
    }

    private sealed class DrainsWhenAsked(LocalInstance local) : TimeProvider
    {
        private long _timestamp;

        public override long GetTimestamp()
        {
            local.ReportDrain(new DrainStatus(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch, 0, Exit: true));
            return Interlocked.Add(ref _timestamp, 10 * TimestampFrequency);
        }
    }
}
