using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace AspireAgent.Simulator.Tests.Chat;

public sealed class ChatTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    [Fact]
    public async Task Chat_SameRequest_SameAnswerStreamedOrNot()
    {
        var whole = await simulator.AskAsync(RunningSimulator.Request("sim-large", "How does a circuit breaker work?"));
        var streamed = await simulator.AskAsync(RunningSimulator.Request("sim-large", "How does a circuit breaker work?"), stream: true);
        var other = await simulator.AskAsync(RunningSimulator.Request("sim-large", "What is draining?"));

        Assert.Equal(whole.Text, streamed.Text);
        Assert.NotEqual(whole.Text, other.Text);
        Assert.Equal(("stop", true), (streamed.Finish, streamed.Done));
        Assert.Equal(whole.Usage!.ToJsonString(), streamed.Usage!.ToJsonString());
        Assert.Equal(streamed.Tokens.Count, (int)streamed.Usage!["completion_tokens"]!);
    }

    [Fact]
    public async Task Chat_Limits_Hold()
    {
        var limited = RunningSimulator.Request("sim-small", "Tell me about budgets");
        limited["max_tokens"] = 7;
        var cut = await simulator.AskAsync(limited, stream: true);
        Assert.Equal((7, "length"), (cut.Tokens.Count, cut.Finish));

        var stopped = RunningSimulator.Request("sim-small", "Tell me about budgets");
        stopped["stop"] = new JsonArray(".");
        Assert.DoesNotContain(".", (await simulator.AskAsync(stopped)).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_CallerLeaves_IsNoticedAtOnce()
    {
        using (var leaving = new CancellationTokenSource())
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions");
            var body = RunningSimulator.Request("sim-large", "Tell me everything");
            body["stream"] = true;
            request.Content = JsonContent.Create(body);
            request.Headers.Add("x-sim-fault", "drip=50");
            using var response = await simulator.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
            await using var answer = await response.Content.ReadAsStreamAsync(leaving.Token);
            Assert.True(await answer.ReadAsync(new byte[100], leaving.Token) > 0);
            await leaving.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await answer.CopyToAsync(Stream.Null, leaving.Token));
        }

        Assert.NotNull((await simulator.LoggedAsync("Tell me everything", "cancelled"))["cancelledAt"]);
    }

    [Theory]
    [InlineData("{", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"sim-small","messages":[]}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"sim-small","messages":[{"role":"user","content":"x"}],"n":2}""", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"gpt","messages":[{"role":"user","content":"x"}]}""", HttpStatusCode.NotFound)]
    public async Task Chat_BadRequest_IsRefusedInOpenAisForm(string body, HttpStatusCode status)
    {
        using var response = await simulator.Client.PostAsync("/v1/chat/completions", new StringContent(body, Encoding.UTF8, "application/json"));

        Assert.Equal(status, response.StatusCode);
        Assert.NotNull((await response.Content.ReadFromJsonAsync<JsonObject>())!["error"]!["message"]);
    }
}
