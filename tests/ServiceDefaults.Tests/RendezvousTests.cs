using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults.Instances;

namespace AspireAgent.ServiceDefaults.Tests;

public class RendezvousTests
{
    [Fact]
    public void Choose_AnyOrder_IsTheSamePodAndSpreads()
    {
        var pods = Pods(4);
        var chosen = Sessions().Select(session => Rendezvous.Choose(session, pods)!.Name).ToList();

        Assert.Equal(chosen, Sessions().Select(session => Rendezvous.Choose(session, Enumerable.Reverse(pods))!.Name));
        Assert.All(chosen.CountBy(name => name), count => Assert.InRange(count.Value, 2_200, 2_800));
    }

    [Fact]
    public void Choose_OnePodLess_MovesOnlyItsOwnSessions()
    {
        var pods = Pods(4);
        Assert.All(Sessions(), session =>
        {
            var before = Rendezvous.Choose(session, pods)!.Name;
            var after = Rendezvous.Choose(session, pods.Where(pod => pod.Name != "agent-2"))!.Name;
            Assert.True(before == after || before == "agent-2");
        });
    }

    [Fact]
    public void Choose_NoPod_IsNone() => Assert.Null(Rendezvous.Choose("s", []));

    private static IEnumerable<string> Sessions() => Enumerable.Range(0, 10_000).Select(i => $"session-{i}");

    private static List<InstanceInfo> Pods(int count) =>
    [
        .. Enumerable.Range(0, count).Select(i =>
            new InstanceInfo($"agent-{i}", InstanceKind.Agent, $"http://localhost:{i}", i, InstanceState.Ready, 0, "")),
    ];
}
