using System.Globalization;
using AspireAgent.Testing;

namespace AspireAgent.Bench.Signals;

/// <summary>
/// From an accepted write to the last of N subscribers that applied it, all on this machine, in one run: ours, a bare Redis PUBLISH to
/// as many connections, and etcd's watch where etcd is installed. The next write waits for the last subscriber.
/// </summary>
internal static class SignalBench
{
    private const int WarmUp = 50;

    public static async Task RunAsync(IReadOnlyList<int> sizes)
    {
        foreach (var size in sizes.Order())
        {
            var writes = size >= 1_000 ? 200 : 1_000;
            await using var redis = await RedisProcess.StartAsync(RedisKind.Server);
            var bare = await MeasureAsync(new RedisFanout(redis), size, writes);
            var ours = await MeasureAsync(await ConfigFanout.StartAsync(redis), size, writes);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"  config signal from acceptance : bare Redis from sending = {ours.FromAccepted.At(0.5) / bare.FromSent.At(0.5):0.0} at p50, {ours.FromAccepted.At(0.99) / bare.FromSent.At(0.99):0.0} at p99"));
            if (await EtcdFanout.TryStartAsync() is { } etcd)
            {
                await MeasureAsync(etcd, size, writes);
            }
        }
    }

    private static async Task<(Latencies FromSent, Latencies FromAccepted)> MeasureAsync(IFanout fanout, int size, int writes)
    {
        await using (fanout)
        {
            await fanout.SubscribeAsync(size);
            var (fromSent, fromAccepted) = (new Latencies(), new Latencies());
            for (var i = -WarmUp; i < writes; i++)
            {
                var written = await fanout.WriteAsync();
                if (i >= 0)
                {
                    fromSent.Add(TimeProvider.System.GetElapsedTime(written.Sent, written.LastApplied));
                    fromAccepted.Add(TimeProvider.System.GetElapsedTime(written.Accepted, written.LastApplied));
                }
            }

            Console.WriteLine($"{fanout.Name,-14} N {size,5}  from sending    {fromSent}");
            Console.WriteLine($"{fanout.Name,-14} N {size,5}  from acceptance {fromAccepted}");
            return (fromSent, fromAccepted);
        }
    }
}
