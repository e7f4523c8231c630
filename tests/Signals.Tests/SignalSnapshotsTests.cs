using AspireAgent.Contracts.Chaos;
using AspireAgent.Contracts.Json;
using AspireAgent.Testing;

namespace AspireAgent.Signals.Tests;

public class SignalSnapshotsTests(RedisPair servers)
{
    public static TheoryData<RedisKind> Kinds { get; } = [RedisKind.Server, RedisKind.Garnet];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Update_ManyAtOnce_LosesNone(RedisKind kind)
    {
        var snapshots = await CreateAsync(kind);

        var written = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => snapshots.UpdateAsync(now => Add(now, $"{i}"))));

        var final = (await snapshots.ReadAsync())!;
        Assert.Equal(40, final.Revision);
        Assert.Equal(Enumerable.Range(1, 40).Select(revision => (long)revision), written.Select(value => value.Revision).Order());
        Assert.Equal(
            Enumerable.Range(0, 40).Select(i => $"{i}").Order(StringComparer.Ordinal),
            final.Value.Experiments.Select(experiment => experiment.Id).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task TryReplace_StaleRevision_ChangesNothing(RedisKind kind)
    {
        var snapshots = await CreateAsync(kind);
        Assert.Null(await snapshots.ReadAsync());
        Assert.True(await snapshots.TryReplaceAsync(0, new SignalValue<ChaosStatus>(1, Add(null, "a"))));

        Assert.False(await snapshots.TryReplaceAsync(0, new SignalValue<ChaosStatus>(1, Add(null, "b"))));

        Assert.Equal("a", Assert.Single((await snapshots.ReadAsync())!.Value.Experiments).Id);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task OnWake_Replacement_Wakes(RedisKind kind)
    {
        var snapshots = await CreateAsync(kind);
        var woken = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var subscription = await snapshots.OnWakeAsync(() => woken.TrySetResult());

        await snapshots.UpdateAsync(now => Add(now, "a"));

        await woken.Task.WaitAsync(TimeSpan.FromSeconds(30));
    }

    private static ChaosStatus Add(ChaosStatus? now, string id) =>
        new([.. (now ?? ChaosStatus.Calm).Experiments, new ChaosExperiment { Id = id, TtlSeconds = 1 }]);

    private async Task<SignalSnapshots<ChaosStatus>> CreateAsync(RedisKind kind) =>
        new(await (await servers.GetAsync(kind)).ConnectAsync(), Guid.NewGuid().ToString("N"), WireJson.Types.ChaosStatus);
}
