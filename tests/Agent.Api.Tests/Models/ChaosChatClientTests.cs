using AspireAgent.Agent.Models;
using AspireAgent.Contracts.Chaos;
using AspireAgent.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Models;

public class ChaosChatClientTests
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UnixEpoch);
    private readonly FakeSignal<ChaosStatus> _chaos = new(ChaosStatus.Calm);

    [Fact]
    public async Task Call_Calm_PassesUntouched()
    {
        var model = new FakeChatClient();
        using var client = Client(model);

        var reading = ReadAsync(client);
        var call = await model.NextCallAsync();
        call.Say("Hi");
        call.Finish();

        Assert.Equal("Hi", await reading);
    }

    [Fact]
    public async Task Call_ErrorRateOne_FailsAsTheNetworkWould()
    {
        using var client = Client(new FakeChatClient());
        _chaos.Set(Running(new ChaosExperiment { Id = "x", TtlSeconds = 10, ErrorRate = 1 }));

        await Assert.ThrowsAsync<HttpRequestException>(() => ReadAsync(client));
    }

    [Fact]
    public async Task Call_OtherRouteOrOver_PassesUntouched()
    {
        var model = new FakeChatClient();
        using var client = Client(model);
        _chaos.Set(Running(
            new ChaosExperiment { Id = "x", TtlSeconds = 10, ErrorRate = 1, Route = "other" },
            new ChaosExperiment { Id = "y", TtlSeconds = 10, ErrorRate = 1, EndsAt = _time.GetUtcNow() }));

        var reading = ReadAsync(client);
        (await model.NextCallAsync()).Finish();

        Assert.Equal("", await reading);
    }

    [Fact]
    public async Task Call_Delay_HoldsTheCallBackForThatLong()
    {
        var model = new FakeChatClient();
        using var client = Client(model);
        _chaos.Set(Running(new ChaosExperiment { Id = "x", TtlSeconds = 10, MinDelaySeconds = 2, MaxDelaySeconds = 2 }));

        var reading = ReadAsync(client);
        _time.Advance(TimeSpan.FromSeconds(1.9));
        Assert.False(model.HasCalls);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        (await model.NextCallAsync()).Finish();

        Assert.Equal("", await reading);
    }

    [Fact]
    public async Task Signal_SilentForFiveSeconds_EndsTheChaos()
    {
        var (model, clock) = (new FakeChatClient(), new VirtualTime());
        using var client = Client(model, clock);
        _chaos.Set(Running(new ChaosExperiment { Id = "x", TtlSeconds = 60, ErrorRate = 1 }));

        clock.RunTo(4_900);
        await Assert.ThrowsAsync<HttpRequestException>(() => ReadAsync(client));

        clock.RunTo(5_100);
        var reading = ReadAsync(client);
        (await model.NextCallAsync()).Finish();
        Assert.Equal("", await reading);

        _chaos.Beat();
        await Assert.ThrowsAsync<HttpRequestException>(() => ReadAsync(client));
    }

    private static async Task<string> ReadAsync(ChaosChatClient client) =>
        (await client.GetStreamingResponseAsync("hello").ToChatResponseAsync()).Text;

    private ChaosChatClient Client(FakeChatClient inner, VirtualTime? clock = null) =>
        new(inner, "route", _chaos, _time, (clock ?? new VirtualTime()).Scheduler);

    private ChaosStatus Running(params ChaosExperiment[] experiments) =>
        new([.. experiments.Select(experiment => experiment with { EndsAt = experiment.EndsAt ?? _time.GetUtcNow().AddSeconds(experiment.TtlSeconds) })]);
}
