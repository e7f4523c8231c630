using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests;

/// <summary>A conversation over each protocol, through every process.</summary>
public abstract class ConversationTests(SystemFixture system)
{
    [Fact]
    public async Task Sse_TwoTurns_TheSecondRequestCarriesTheFirst()
    {
        using var conversation = await Conversation.OpenAsync(system);
        var first = await conversation.SayAsync("1", "What is a canary?");
        var events = await conversation.UntilEndOfAsync(first);
        var second = await conversation.SayAsync("2", "And what is a shadow?");
        var more = await conversation.UntilEndOfAsync(second, (string)events[^1]["cursor"]!);

        var answer = Conversation.Text(events, first);
        Assert.NotEmpty(answer);
        Assert.Equal("turn.completed", (string)events[^1]["type"]!);
        Assert.Equal((long)events[^1]["seq"]! + 1, (long)more[0]["seq"]!);
        await AssertRequestCarriesAsync("And what is a shadow?", "What is a canary?", answer);
    }

    [Fact]
    public async Task WebSocket_TwoTurns_TheSecondRequestCarriesTheFirst()
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var socket = await conversation.ConnectAsync();
        await socket.SendAsync(new { type = "input", id = "1", text = "Explain the drain of a pod" });
        var first = (string)(await socket.NextAsync("input.accepted"))["turn"]!;
        var answer = Conversation.Text(await Conversation.UntilEndOf(first, socket.FramesAsync()), first);
        await socket.SendAsync(new { type = "input", id = "2", text = "Explain the budget then" });
        var second = (string)(await socket.NextAsync("input.accepted"))["turn"]!;
        await Conversation.UntilEndOf(second, socket.FramesAsync());

        Assert.NotEmpty(answer);
        await AssertRequestCarriesAsync("Explain the budget then", "Explain the drain of a pod", answer);
    }

    [Fact]
    public async Task TwoClients_OneSession_SeeTheSameEventsWithTheSameSeq()
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var socket = await conversation.ConnectAsync();
        var turn = await conversation.SayAsync("1", "Tell me about logs");

        var overSse = conversation.UntilEndOfAsync(turn);
        var overSocket = await Conversation.UntilEndOf(turn, socket.FramesAsync());

        Assert.Equal(Plain(await overSse), Plain(overSocket));
        Assert.Equal(Enumerable.Range(1, overSocket.Count).Select(seq => (long)seq), overSocket.Select(happened => (long)happened["seq"]!));

        static IEnumerable<string> Plain(IEnumerable<JsonObject> events) => events.Select(happened =>
        {
            var copy = happened.DeepClone().AsObject();
            copy.Remove("cursor");
            return copy.ToJsonString();
        });
    }

    [Fact]
    public async Task WebSocket_SessionDeleted_HearsTheLastEventAndAClose()
    {
        using var conversation = await Conversation.OpenAsync(system);
        using var socket = await conversation.ConnectAsync();
        using var gateway = system.Gateway();

        using var deleted = await gateway.DeleteAsync($"/v1/sessions/{conversation.Id}");

        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal("client", (string)(await socket.NextAsync("session.closed"))["reason"]!);
        Assert.Equal(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, await socket.CloseAsync());
    }

    [Fact]
    public async Task WebSocket_Resume_GoesOnAfterTheCursor()
    {
        using var conversation = await Conversation.OpenAsync(system);
        var turn = await conversation.SayAsync("1", "hello");
        var events = await conversation.UntilEndOfAsync(turn);
        using var socket = await conversation.ConnectAsync((string)events[^1]["cursor"]!);

        await socket.SendAsync(new { type = "resume", after = (string)events[2]["cursor"]! });

        Assert.Equal(
            events.Skip(3).Select(happened => (long)happened["seq"]!),
            (await Conversation.UntilEndOf(turn, socket.FramesAsync())).Select(happened => (long)happened["seq"]!));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Completions_StreamedOrNot_AnswerWithFingerprintAndSession(bool stream)
    {
        using var gateway = system.Gateway();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new
            {
                model = "agent",
                stream,
                max_tokens = 10,
                messages = new[] { new { role = "user", content = "Hello" } },
            }),
        };
        using var response = await gateway.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        var body = await response.Content.ReadAsStringAsync();

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Matches("^[0-9a-f]{12}$", Assert.Single(response.Headers.GetValues("x-agent-fingerprint")));
        Assert.Equal(26, Assert.Single(response.Headers.GetValues("x-session-id")).Length);
        Assert.Contains("sim-large", body, StringComparison.Ordinal);
        Assert.Equal(stream, body.EndsWith("data: [DONE]\n\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Completions_WithSessionId_JoinTheSession()
    {
        using var conversation = await Conversation.OpenAsync(system);
        var turn = await conversation.SayAsync("1", "My name is Ada");
        await conversation.UntilEndOfAsync(turn);
        using var gateway = system.Gateway();
        gateway.DefaultRequestHeaders.Add("x-session-id", conversation.Id);

        using var joined = await gateway.PostAsJsonAsync("/v1/chat/completions", new
        {
            model = "agent",
            messages = new[] { new { role = "user", content = "ignored" }, new { role = "user", content = "What is my name?" } },
        });

        joined.EnsureSuccessStatusCode();
        Assert.Equal(conversation.Id, Assert.Single(joined.Headers.GetValues("x-session-id")));
        await AssertRequestCarriesAsync("What is my name?", "My name is Ada");
    }

    [Fact]
    public async Task Stop_RunningAnswer_ReachesTheModel()
    {
        using var conversation = await Conversation.OpenAsync(system);
        var turn = await conversation.SayAsync("1", $"Talk until I stop you {conversation.Id}");
        await foreach (var happened in conversation.EventsAsync())
        {
            if ((string)happened["type"]! == "token")
            {
                break;
            }
        }

        await conversation.StopAsync();

        Assert.Equal("turn.cancelled", (string)(await conversation.UntilEndOfAsync(turn))[^1]["type"]!);
        await AssertCancelledAsync(conversation.Id);
    }

    [Fact]
    public async Task Completions_CallerLeaves_ReachesTheModel()
    {
        var mark = $"mark-{Guid.NewGuid():N}";
        using var gateway = system.Gateway();
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = JsonContent.Create(new { model = "agent", stream = true, messages = new[] { new { role = "user", content = mark } } }),
        };
        using var leaving = new CancellationTokenSource();
        using (var response = await gateway.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token))
        {
            var body = await response.Content.ReadAsStreamAsync(leaving.Token);
            var reading = body.CopyToAsync(Stream.Null, leaving.Token);
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        }

        await AssertCancelledAsync(mark);
    }

    private async Task<List<JsonObject>> RequestsAsync(string lastText)
    {
        using var model = system.Model();
        return [.. (await model.GetFromJsonAsync<List<JsonObject>>("/admin/requests"))!.Where(request =>
            ((string?)request["messages"]!.AsArray()[^1]!["content"])!.Contains(lastText, StringComparison.Ordinal))];
    }

    private async Task AssertRequestCarriesAsync(string lastText, params string[] earlier)
    {
        var request = Assert.Single(await RequestsAsync(lastText));
        var contents = request["messages"]!.AsArray().Select(message => (string?)message!["content"]).ToList();
        Assert.All(earlier, text => Assert.Contains(text, contents));
    }

    private async Task AssertCancelledAsync(string lastText)
    {
        var request = await Poll.UntilAsync(
            async () => (await RequestsAsync(lastText)).SingleOrDefault(request => (string)request["state"]! != "running"), "the model to notice");
        Assert.Equal("cancelled", (string)request["state"]!);
        Assert.NotNull(request["cancelledAt"]);
    }
}

/// <summary>On redis-server, where the machine has it.</summary>
public sealed class RedisServerConversationTests(SystemFixture system) : ConversationTests(system);

/// <summary>On Garnet.</summary>
public sealed class GarnetConversationTests(EmbeddedSystemFixture system) : ConversationTests(system), IClassFixture<EmbeddedSystemFixture>;
