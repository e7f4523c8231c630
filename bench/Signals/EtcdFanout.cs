using System.Net.Http.Json;
using System.Text;
using AspireAgent.Testing;

namespace AspireAgent.Bench.Signals;

/// <summary>etcd's watch over its JSON gateway, where etcd is installed: one stream a subscriber, one put a write.</summary>
internal sealed class EtcdFanout : IFanout
{
    private static readonly string Key = Convert.ToBase64String("bench"u8);

    private readonly ChildProcess _process;
    private readonly string _data;
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _end = new();
    private volatile Arrivals? _arrivals;
    private int _subscribers;
    private int _listening;
    private int _count;

    private EtcdFanout(ChildProcess process, string data, HttpClient http) => (_process, _data, _http) = (process, data, http);

    public string Name => "etcd watch";

    /// <summary>Starts a server of its own; null: there is none on this machine.</summary>
    public static async Task<EtcdFanout?> TryStartAsync()
    {
        var program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .Select(directory => Path.Combine(directory, "etcd")).FirstOrDefault(File.Exists);
        if (program is null)
        {
            return null;
        }

        var data = Directory.CreateTempSubdirectory("aspireagent-etcd-").FullName;
        var (client, peer) = ($"http://127.0.0.1:{LocalPort.Free()}", $"http://127.0.0.1:{LocalPort.Free()}");
        var process = ChildProcess.Start(program,
        [
            "--data-dir", data, "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
            "--initial-advertise-peer-urls", peer, "--initial-cluster", $"default={peer}", "--log-level", "error",
        ]);
        var http = new HttpClient { BaseAddress = new Uri(client), Timeout = Timeout.InfiniteTimeSpan };
        await Poll.UntilAsync(
            async () =>
            {
                try
                {
                    using var response = await http.GetAsync("/health");
                    return response.IsSuccessStatusCode;
                }
                catch (HttpRequestException) when (!process.HasExited)
                {
                    return false;
                }
            },
            "etcd");
        return new EtcdFanout(process, data, http);
    }

    public async Task SubscribeAsync(int count)
    {
        for (; _subscribers < count; _subscribers++)
        {
            _ = WatchAsync();
        }

        await Poll.UntilAsync(() => Volatile.Read(ref _listening) == count, "all subscribers");
    }

    public async Task<Written> WriteAsync()
    {
        var arrivals = _arrivals = new Arrivals(_subscribers);
        var value = Convert.ToBase64String(Encoding.UTF8.GetBytes($$"""{"systemPrompt":"You are version {{++_count}}."}"""));
        var sent = TimeProvider.System.GetTimestamp();
        using var response = await _http.PostAsJsonAsync("/v3/kv/put", new { key = Key, value });
        var accepted = TimeProvider.System.GetTimestamp();
        response.EnsureSuccessStatusCode();
        return new Written(sent, accepted, await arrivals.All);
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _http.Dispose();
        await _process.DisposeAsync();
        Directory.Delete(_data, recursive: true);
        _end.Dispose();
    }

    // Each line is a message: {"result":{"created":true,...}}, then {"result":{"events":[...]}}.
    private async Task WatchAsync()
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v3/watch")
            {
                Content = JsonContent.Create(new { create_request = new { key = Key } }),
            };
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, _end.Token);
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(_end.Token));
            while (await reader.ReadLineAsync(_end.Token) is { } line)
            {
                if (line.Contains("\"created\":true", StringComparison.Ordinal))
                {
                    Interlocked.Increment(ref _listening);
                }
                else if (line.Contains("\"events\"", StringComparison.Ordinal))
                {
                    _arrivals?.Applied();
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException or HttpRequestException)
        {
            // The run is over.
        }
    }
}
