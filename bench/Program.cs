using System.Globalization;
using AspireAgent.Bench.Admission;
using AspireAgent.Bench.Models;
using AspireAgent.Bench.Sessions;
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
    case ["hydrate"]:
        await HydrateBench.RunAsync();
        return 0;
    case ["takeover", .. var rest]:
        await TakeoverBench.RunAsync(rest.Length > 0 ? int.Parse(rest[0], CultureInfo.InvariantCulture) : 20);
        return 0;
    case ["load", .. var rest]:
        int[] numbers = [.. rest.Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
        await LoadBench.RunAsync(numbers is [var n, ..] ? n : 1_000, numbers is [_, var drip, ..] ? drip : 300, numbers is [_, _, var over] ? over : 10);
        return 0;
    case ["plan"]:
        await PlanBench.RunAsync();
        return 0;
    case ["cancel"]:
        await CancelBench.RunAsync();
        return 0;
    case ["admission"]:
        await AdmissionBench.RunAsync();
        return 0;
    case ["merge", .. var rest]:
        BenchmarkRunner.Run<MergeBench>(args: rest);
        return 0;
    default:
        Console.Error.WriteLine("""
            bench signals [N...]  from an accepted write to the last of N subscribers, beside bare Redis and etcd
            bench knobs           from a change of an immediate knob to the end of the answer that it cuts; needs ./run in another terminal
            bench hydrate         from a session's checkpoint and log to its state, beside the plain LRANGE
            bench takeover [N=20] from kill -9 of a session's pod, and from its drain, to the next token; needs
                                  ./run -- --Simulator:Speed=0 --Restart=true --Agents:Replicas=3 in another terminal
            bench load [N=1000] [DRIP=300] [S=10]
                                  N sessions that stream at once, a token each DRIP ms (0: at the simulator's own speed), asked within S seconds;
                                  needs ./run in another terminal
            bench plan            what the model plan and the turn add to a bare call while nothing fails, in process and over HTTP
            bench cancel          from a session's stop to the closed connections of its model and tools, as the simulator sees them
            bench admission       decisions by a lease in hand, beside a script in Redis for each, in the same run
            bench merge           the merge of layers, by BenchmarkDotNet
            """);
        return 2;
}
