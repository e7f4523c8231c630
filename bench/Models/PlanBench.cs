using System.ClientModel;
using System.Globalization;
using AspireAgent.Testing;
using Microsoft.Extensions.AI;
using OpenAI;
using OpenAI.Chat;

namespace AspireAgent.Bench.Models;

/// <summary>
/// What the plan costs while nothing fails: a turn and a token through it, beside the bare client, in turns with it. First with a model in
/// this process, which costs next to nothing itself; then over HTTP to the simulator.
/// </summary>
internal static class PlanBench
{
    private const int Rounds = 9;
    private const int Tokens = 100;

    private static readonly int[] Sessions = [1, 100, 1_000];

    public static async Task RunAsync()
    {
        Console.WriteLine($"load average at the beginning {await LoadAsync()}");
        Print("in process", "sessions", "level", "a turn of one token", "", "each token after it", "", "a turn of 100", "");
        foreach (var sessions in Sessions)
        {
            using var client = new SpeakingClient();
            var (one, all) = (await MeasureAsync(client, 1, sessions, 4_000), await MeasureAsync(client, Tokens, sessions, 1_000));
            for (var level = 0; level < one.Length; level++)
            {
                var each = (all[level].Cost - one[level].Cost) / (Tokens - 1);
                Print("", $"{sessions}", one[level].Name, Micros(one[level].Cost), Bytes(one[level].Cost), Micros(each), Bytes(each), Micros(all[level].Cost), Ratio(all[level], all[0]));
            }
        }

        await using var simulator = await ServiceProcess.StartAsync("Model.Simulator", new Dictionary<string, string>
        {
            ["Simulator__Speed"] = "0",
            ["Logging__LogLevel__Default"] = "Error",
        });
        Print("over HTTP", "sessions", "level", "a turn of 100", "", "elapsed", "", "", "");
        foreach (var sessions in Sessions)
        {
            using var client = new ChatClient("sim-large", new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri(simulator.Address, "v1") }).AsIChatClient();
            var costs = await MeasureAsync(client, Tokens, sessions, 300);
            foreach (var level in costs)
            {
                Print("", $"{sessions}", level.Name, Micros(level.Cost), Bytes(level.Cost), level.Cost.Elapsed.ToString("0 µs", CultureInfo.InvariantCulture), Ratio(level, costs[0]), "", "");
            }
        }

        Console.WriteLine($"load average at the end {await LoadAsync()}");
    }

    private static async Task<(string Name, Cost Cost)[]> MeasureAsync(IChatClient client, int tokens, int sessions, int turns)
    {
        using var levels = new PlanLevels(client, tokens);
        (string Name, Func<Task> Turn)[] all = [("bare", levels.BareAsync), ("plan", levels.PlanAsync), ("turn", levels.TurnAsync)];
        var costs = all.Select(_ => new List<Cost>()).ToArray();
        for (var round = -3; round < Rounds; round++)
        {
            for (var level = 0; level < all.Length; level++)
            {
                var cost = await Cost.MeasureAsync(all[level].Turn, sessions, Math.Max(turns, sessions));
                if (round >= 0)
                {
                    costs[level].Add(cost);
                }
            }
        }

        return [.. all.Select((level, i) => (level.Name, Cost.Median(costs[i])))];
    }

    private static void Print(params string[] cells) => Console.WriteLine(string.Join(' ', cells.Select((cell, i) => i < 3 ? cell.PadRight(10) : cell.PadLeft(12))));

    private static string Micros(Cost cost) => cost.Work.ToString("0.0 µs", CultureInfo.InvariantCulture);

    private static string Bytes(Cost cost) => cost.Bytes.ToString("0 B", CultureInfo.InvariantCulture);

    private static string Ratio((string Name, Cost Cost) level, (string Name, Cost Cost) bare) =>
        (level.Cost.Work / bare.Cost.Work).ToString("0.00 x", CultureInfo.InvariantCulture);

    // 1.50 1.32 0.98 2/345 6789
    private static async Task<string> LoadAsync() => (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0];
}
