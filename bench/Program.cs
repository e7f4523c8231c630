using AspireAgent.Bench.Signals;
using AspireAgent.Bench.Turns;
using BenchmarkDotNet.Running;

switch (args)
{
    case ["signals", .. var rest]:
        await SignalBench.RunAsync(rest.Length > 0 ? [.. rest.Select(int.Parse)] : [1, 100, 1_000]);
        return 0;
    case ["knobs"]:
        await KnobBench.RunAsync();
        return 0;
    case ["merge", .. var rest]:
        BenchmarkRunner.Run<MergeBench>(args: rest);
        return 0;
    default:
        Console.Error.WriteLine("""
            bench signals [N...]  from an accepted write to the last of N subscribers, beside bare Redis and etcd
            bench knobs           from a change of an immediate knob to the end of the answer that it cuts; needs ./run in another terminal
            bench merge           the merge of layers, by BenchmarkDotNet
            """);
        return 2;
}
