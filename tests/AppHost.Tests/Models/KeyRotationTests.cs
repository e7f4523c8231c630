using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests.Models;

/// <summary>
/// A key that is changed while an answer streams: that answer goes on, the next call bears the new key, and nobody was restarted (C2).
/// </summary>
public sealed class KeyRotationTests(KeyRotationTests.OwnSystem system) : IClassFixture<KeyRotationTests.OwnSystem>
{
    private const string OldKey = "key-before";
    private const string NewKey = "key-after";
    private const string OwnKey = "key-of-the-test";

    [Fact]
    public async Task Key_ChangedInMidAnswer_ServesTheNextCallAndTheOldOneCanBeRevoked()
    {
        var before = await system.ProcessesAsync(atLeast: 6);
        using var conversation = await Conversation.OpenAsync(system);
        var turn = await conversation.SayAsync("1", "Tell me a long story.");
        var isChanged = false;
        var events = new List<JsonObject>();
        await foreach (var happened in conversation.EventsAsync())
        {
            events.Add(happened);
            if ((string)happened["type"]! == "token" && !isChanged)
            {
                isChanged = true;
                system.SetKey(NewKey);
                await system.AllowAsync(NewKey, OwnKey); // the old one is of no use from now on
                await Poll.UntilAsync(async () => await AnswersAsync(), "a call with the new key");
            }

            if ((string)happened["type"]! is "turn.completed" or "turn.failed")
            {
                break;
            }
        }

        Assert.Equal("turn.completed", (string)events[^1]["type"]!);
        Assert.DoesNotContain(events, happened => (string)happened["type"]! == "model.switched");
        Assert.Equal(turn, (string)events[^1]["turn"]!);
        Assert.Equal(before, await system.ProcessesAsync(atLeast: 6));
        system.Printed.AssertSecret(OldKey);
        system.Printed.AssertSecret(NewKey);
    }

    private async Task<bool> AnswersAsync()
    {
        using var gateway = system.Gateway();
        using var answered = await gateway.PostAsJsonAsync("/v1/chat/completions", new
        {
            model = "vendor", max_tokens = 2, messages = new[] { new { role = "user", content = "hello" } },
        });
        return answered.IsSuccessStatusCode;
    }

    public sealed class OwnSystem : SystemFixture, IAsyncLifetime
    {
        private readonly string _secrets = Directory.CreateTempSubdirectory("aspireagent-secrets-").FullName;
        private ServiceProcess _vendor = null!;
        private HttpClient _client = null!;

        protected override string RedisMode => "embedded";

        protected override IEnumerable<string> Settings =>
        [
            "--Agents:Replicas=1",
            "--Models:Default=vendor",
            $"--Models:Routes:vendor:Endpoint={new Uri(_vendor.Address, "/faulty/drip=300/v1")}",
            "--Models:Routes:vendor:Model=sim-large",
            $"--Secrets:Directory={_secrets}",
            .. PrintedLines.Settings,
        ];

        async ValueTask IAsyncLifetime.InitializeAsync()
        {
            _vendor = await ServiceProcess.StartAsync("Model.Simulator", new Dictionary<string, string>
            {
                ["Simulator__ApiKeys__0"] = OldKey,
                ["Simulator__ApiKeys__1"] = OwnKey,
            });
            _client = _vendor.Client(null);
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", OwnKey);
            SetKey(OldKey);
            await InitializeAsync();
        }

        async ValueTask IAsyncDisposable.DisposeAsync()
        {
            await DisposeAsync();
            _client.Dispose();
            await _vendor.DisposeAsync();
            Directory.Delete(_secrets, recursive: true);
        }

        /// <summary>Replaces the file at once, as a mounted secret is.</summary>
        public void SetKey(string key)
        {
            var next = Path.Combine(_secrets, "..", $"{Path.GetFileName(_secrets)}.next");
            File.WriteAllText(next, key);
            File.Move(next, Path.Combine(_secrets, "Models__Routes__vendor__ApiKey"), overwrite: true);
        }

        public async Task AllowAsync(params string[] keys) => (await _client.PutAsJsonAsync("/admin/keys", keys)).EnsureSuccessStatusCode();
    }
}
