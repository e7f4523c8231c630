using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests;

/// <summary>Configuration on the running system: from an operator's write to a running answer.</summary>
public sealed class ConfigurationTests(ConfigurationTests.OwnSystem system) : IClassFixture<ConfigurationTests.OwnSystem>, IDisposable
{
    private readonly OperatorClient _operator = new(system.Gateway("operator"));

    public void Dispose() => _operator.Dispose();

    /// <summary>Exercise 1 of the source.</summary>
    [Fact]
    public async Task SystemPrompt_ChangedWhileAnAnswerStreams_IsThatOfTheNextAnswerAlone()
    {
        await _operator.ChangeAsync("global", new { systemPrompt = "You are P1." });
        using var conversation = await Conversation.OpenAsync(system);
        await DripAsync(20);
        var first = await conversation.SayAsync("1", "Tell me a long story about canaries.");
        var seen = new List<JsonObject>();
        var changed = false;
        await foreach (var happened in conversation.EventsAsync())
        {
            if (happened["seq"] is not null)
            {
                seen.Add(happened);
            }

            if (!changed && (string)happened["type"]! == "token")
            {
                await _operator.ChangeAsync("global", new { systemPrompt = "You are P2." });
                changed = true;
            }

            if ((string)happened["type"]! == "turn.completed")
            {
                break;
            }
        }

        // The answer is whole and of one prompt; the change added nothing to the session's log.
        var tokens = seen.Where(happened => (string)happened["type"]! == "token").ToList();
        Assert.True(tokens.Count > 5, $"{tokens.Count} tokens");
        Assert.Single(tokens, token => token["fingerprint"] is not null);
        Assert.Equal((string)tokens[0]["fingerprint"]!, (string)seen[^1]["fingerprint"]!);
        Assert.All(seen.Skip(1), happened => Assert.Equal(first, (string)happened["turn"]!));
        var before = await SeqAsync(conversation);
        await _operator.ChangeAsync("global", new { systemPrompt = "You are P3." });
        Assert.Equal(before, await SeqAsync(conversation));
        Assert.Equal("You are P1.", (await PromptsAsync("Tell me a long story about canaries."))[0]);

        var second = await conversation.SayAsync("2", "And one about shadows.");
        var next = await conversation.UntilEndOfAsync(second, (string)seen[^1]["cursor"]!);

        Assert.Equal("You are P3.", (await PromptsAsync("And one about shadows."))[0]);
        Assert.NotEqual((string)seen[^1]["fingerprint"]!, (string)next[^1]["fingerprint"]!);
    }

    [Fact]
    public async Task KillSwitch_WhileAnAnswerStreams_CutsItAndCannotBeUndoneBelow()
    {
        using var conversation = await Conversation.OpenAsync(system);
        await DripAsync(50);
        var turn = await conversation.SayAsync("1", "Count to a thousand.");
        try
        {
            var seen = new List<string>();
            await foreach (var happened in conversation.EventsAsync())
            {
                seen.Add((string)happened["type"]!);
                if (seen.Count(type => type == "token") == 3)
                {
                    await _operator.ChangeAsync("global", new { kill = new { answers = true } });
                }

                if ((string)happened["type"]! is "turn.failed" or "turn.completed")
                {
                    Assert.Equal("switched-off", (string?)happened["error"]);
                    break;
                }
            }

            foreach (var scope in new[] { "group/vip", "tenant/demo" })
            {
                using var refused = await _operator.PatchAsync(scope, new { kill = new { answers = false } });
                Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            }

            using var gateway = system.Gateway();
            using var own = await gateway.PatchAsJsonAsync($"/v1/sessions/{conversation.Id}/config", new { kill = new { answers = false } });
            Assert.Equal(HttpStatusCode.Forbidden, own.StatusCode);
            using var vip = await Conversation.OpenAsync(system, "vip");
            var ended = await vip.UntilEndOfAsync(await vip.SayAsync("1", "Anybody there?"));
            Assert.Equal("switched-off", (string?)ended[^1]["error"]);
            Assert.Equal("global", (string)(await _operator.EffectiveAsync($"session={vip.Id}"))["layers"]!["kill.answers"]!);
        }
        finally
        {
            await _operator.ChangeAsync("global", new { kill = (object?)null });
        }

        var again = await conversation.SayAsync("2", "And now?");
        Assert.Equal("turn.completed", (string)(await conversation.UntilEndOfAsync(again))[^1]["type"]!);
    }

    [Fact]
    public async Task StallGuard_LoweredWhileAnAnswerIsSilent_LetsAnotherModelGoOn()
    {
        using var conversation = await Conversation.OpenAsync(system);
        await _operator.ChangeAsync("global", new { guards = new { stallSeconds = 60 } });
        await FaultAsync(new { stall = 3, count = 1 });
        try
        {
            var turn = await conversation.SayAsync("1", "Say something and fall silent.");
            await using var events = conversation.EventsAsync().GetAsyncEnumerator();
            while ((string)(await NextAsync()) != "token")
            {
            }

            await _operator.ChangeAsync("global", new { guards = new { stallSeconds = 0.2 } });

            var rest = new List<string>();
            while (rest.Count == 0 || rest[^1] is not ("turn.completed" or "turn.failed"))
            {
                rest.Add(await NextAsync());
            }

            Assert.Equal(["guard.tripped", "model.switched", "turn.completed"], rest.Where(type => type is not ("token" or "ping")));

            async Task<string> NextAsync()
            {
                Assert.True(await events.MoveNextAsync());
                return (string)events.Current["type"]!;
            }
        }
        finally
        {
            await _operator.ChangeAsync("global", new { guards = (object?)null });
        }
    }

    [Fact]
    public async Task Layers_OfGroupTenantAndSession_GoOverEachOtherForThoseTheyConcern()
    {
        await _operator.ChangeAsync("group/vip", new { plan = "sim-small" });
        await _operator.ChangeAsync("tenant/other", new { promptVersion = "other-1", maxOutputTokens = 50 });
        using var user = await Conversation.OpenAsync(system);
        using var vip = await Conversation.OpenAsync(system, "vip");
        using var other = await Conversation.OpenAsync(system, "other");
        using var gateway = system.Gateway("other");
        using var patched = await gateway.PatchAsJsonAsync($"/v1/sessions/{other.Id}/config", new { verbosity = "terse", maxOutputTokens = 20 });
        patched.EnsureSuccessStatusCode();

        Assert.Equal("sim-large", await ModelOfAsync(user, "Who are you, layer user?"));
        Assert.Equal("sim-small", await ModelOfAsync(vip, "Who are you, layer vip?"));
        var events = await other.UntilEndOfAsync(await other.SayAsync("1", "Who are you, layer other?"));
        Assert.Equal(("length", 20), ((string)events[^1]["finish"]!, (int)events[^1]["usage"]!["output"]!));
        Assert.EndsWith("Answer as briefly as you can: a sentence or two.", (await PromptsAsync("Who are you, layer other?"))[0], StringComparison.Ordinal);

        var effective = await _operator.EffectiveAsync($"session={other.Id}");
        var layers = effective["layers"]!;
        Assert.Equal(
            ("tenant/other", "session", "session", "defaults"),
            ((string)layers["promptVersion"]!, (string)layers["maxOutputTokens"]!, (string)layers["verbosity"]!, (string)layers["plan"]!));
        Assert.Equal("group/vip", (string)(await _operator.EffectiveAsync($"session={vip.Id}"))["layers"]!["plan"]!);
        Assert.Equal("defaults", (string)(await _operator.EffectiveAsync($"session={user.Id}"))["layers"]!["plan"]!);
    }

    [Fact]
    public async Task SessionLayer_OverTheWebSocket_HoldsFromTheNextInputAndIsToldAsAnEvent()
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var socket = await conversation.ConnectAsync();

        await socket.SendAsync(new { type = "config", patch = new { language = "de", verbosity = "detailed" } });
        var told = await socket.NextAsync("config.changed");
        await socket.SendAsync(new { type = "input", id = "1", text = "In which language, socket?" });
        var turn = (string)(await socket.NextAsync("input.accepted"))["turn"]!;
        var started = await socket.NextAsync("turn.started");
        await Conversation.UntilEndOf(turn, socket.FramesAsync());
        await socket.SendAsync(new { type = "config", patch = new { language = "not a tag" } });
        var refused = await socket.NextAsync("error");

        Assert.Equal((1, """{"language":"de","verbosity":"detailed"}"""), ((int)told["revision"]!, told["patch"]!.ToJsonString()));
        Assert.Equal(1, (int)started["revisions"]!["session"]!);
        Assert.EndsWith("BCP 47 tag de.", (await PromptsAsync("In which language, socket?"))[0], StringComparison.Ordinal);
        Assert.Equal("urn:aspireagent:invalid-request", (string)refused["problem"]!["type"]!);
    }

    [Fact]
    public async Task Release_RunningThenRolledBack_StopsAtTheNextTurnAndKeepsTheLabel()
    {
        using var before = await Conversation.OpenAsync(system);
        await _operator.ReleaseAsync("pirate", new { patch = new { promptVersion = "pirate", systemPrompt = "You are a pirate." }, percent = 100 });
        await _operator.ReleaseAsync("pirate", step: "start");
        using var inside = await Conversation.OpenAsync(system);

        Assert.Equal(("stable", "pirate"), (await CohortAsync(before), await CohortAsync(inside)));
        await AskAsync(before, "1", "Before the release, who?");
        await AskAsync(inside, "1", "Inside the release, who?");
        await _operator.ReleaseAsync("pirate", step: "pause");
        using var late = await Conversation.OpenAsync(system);
        await AskAsync(inside, "2", "Paused, still who?");
        await _operator.ReleaseAsync("pirate", step: "rollback");
        await AskAsync(inside, "3", "Rolled back, who?");

        Assert.NotEqual("You are a pirate.", (await PromptsAsync("Before the release, who?"))[0]);
        Assert.Equal("You are a pirate.", (await PromptsAsync("Inside the release, who?"))[0]);
        Assert.Equal("You are a pirate.", (await PromptsAsync("Paused, still who?"))[0]);
        Assert.NotEqual("You are a pirate.", (await PromptsAsync("Rolled back, who?"))[0]);
        Assert.Equal(("pirate", "stable"), (await CohortAsync(inside), await CohortAsync(late)));
    }

    [Fact]
    public async Task Completions_OfOneEndUser_StayInOneCohort()
    {
        await _operator.ReleaseAsync("coin", new { patch = new { language = "la" }, percent = 50, salt = "coin" });
        await _operator.ReleaseAsync("coin", step: "start");
        using var gateway = system.Gateway();
        var sides = new HashSet<bool>();
        try
        {
            foreach (var user in Enumerable.Range(0, 8).Select(i => $"user-{i}"))
            {
                for (var call = 0; call < 3; call++)
                {
                    using var answered = await gateway.PostAsJsonAsync("/v1/chat/completions", new
                    {
                        model = "agent", user, max_tokens = 3, messages = new[] { new { role = "user", content = $"Cohort of {user}?" } },
                    });
                    answered.EnsureSuccessStatusCode();
                }

                var isIn = (await PromptsAsync($"Cohort of {user}?")).Select(prompt => prompt.EndsWith("tag la.", StringComparison.Ordinal)).ToList();
                Assert.Equal(3, isIn.Count);
                sides.Add(Assert.Single(isIn.Distinct()));
            }

            Assert.Equal(2, sides.Count); // the draw is by salt and user: the same in each run
        }
        finally
        {
            await _operator.ReleaseAsync("coin", step: "rollback");
        }
    }

    private static async Task AskAsync(Conversation conversation, string id, string text) =>
        await conversation.UntilEndOfAsync(await conversation.SayAsync(id, text));

    private static async Task<string> ModelOfAsync(Conversation conversation, string text)
    {
        var events = await conversation.UntilEndOfAsync(await conversation.SayAsync("1", text));
        return (string)events.First(happened => happened["buildId"] is not null)["buildId"]!["model"]!;
    }

    private async Task<string> CohortAsync(Conversation conversation) => (string)(await InfoAsync(conversation))["cohort"]!;

    private async Task<long> SeqAsync(Conversation conversation) => (long)(await InfoAsync(conversation))["seq"]!;

    private async Task<JsonObject> InfoAsync(Conversation conversation)
    {
        using var gateway = system.Gateway();
        return (await gateway.GetFromJsonAsync<JsonObject>($"/v1/sessions/{conversation.Id}"))!;
    }

    private Task DripAsync(int milliseconds) => FaultAsync(new { drip = milliseconds, count = 1 });

    private async Task FaultAsync(object fault)
    {
        using var model = system.Model();
        (await model.PostAsJsonAsync("/admin/faults", fault)).EnsureSuccessStatusCode();
    }

    // The system prompts that the model was shown with an input, the newest last.
    private async Task<List<string>> PromptsAsync(string input)
    {
        using var model = system.Model();
        var requests = (await model.GetFromJsonAsync<List<JsonObject>>("/admin/requests"))!;
        return [.. requests
            .Where(request => (string?)request["messages"]!.AsArray()[^1]!["content"] == input)
            .Select(request => (string)request["messages"]![0]!["content"]!)];
    }

    public sealed class OwnSystem : SystemFixture;
}
