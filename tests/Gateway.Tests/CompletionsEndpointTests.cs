using System.IO.Pipelines;
using System.Net;
using System.Security.Claims;
using System.Text;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Gateway.Protocols.OpenAi;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Http;

namespace AspireAgent.Gateway.Tests;

public sealed class CompletionsEndpointTests(RedisPair servers)
{
    private const string Turn = "01M83D42NGE36RDNFRZF1DMNFB";

    private readonly Pipe _events = new();
    private readonly MemoryStream _answer = new();
    private readonly CancellationTokenSource _left = new();
    private GatewayHarness _harness = null!;

    private string Said => Encoding.UTF8.GetString(_answer.ToArray());

    [Fact]
    public async Task Answer_SeenToItsEnd_IsNotStopped()
    {
        var answering = await AskAsync();
        await TellAsync(new TokenProduced("Hello") { Seq = 3, Turn = Turn });
        await TellAsync(new TurnCompleted("stop", new TokenUsage(1, 1), 0.1, 0.2, "f") { Seq = 4, Turn = Turn });

        await answering.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.EndsWith("data: [DONE]\n\n", Said, StringComparison.Ordinal);
        Assert.DoesNotContain(_harness.Paths, IsStop);
    }

    [Fact]
    public async Task Answer_CallerLeaves_IsStopped()
    {
        var answering = await AskAsync();
        await TellAsync(new TokenProduced("Hello") { Seq = 3, Turn = Turn });
        await Poll.UntilAsync(() => Said.Contains("Hello", StringComparison.Ordinal), "the first word");

        await _left.CancelAsync();

        await answering.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Single(_harness.Paths, IsStop);
    }

    [Fact]
    public async Task Answer_GatewayGoes_EndsWithAnErrorAndIsStopped()
    {
        var answering = await AskAsync();
        var drain = new DrainStatus(_harness.Time.GetUtcNow(), _harness.Time.GetUtcNow().AddSeconds(1), 0, true);
        _harness.Local.ReportDrain(drain);
        await TellAsync(new TokenProduced("Hello") { Seq = 3, Turn = Turn });
        await TellAsync(new TokenProduced("you") { Seq = 4, Turn = Turn });
        await Poll.UntilAsync(() => Said.Contains("you", StringComparison.Ordinal), "the answer to begin");

        var draining = _harness.Connections.DrainAsync(drain, isTerminating: false, default);
        await _harness.DoneAsync(Task.WhenAll(draining, answering));

        Assert.Contains("\"code\":\"unavailable\"", Said, StringComparison.Ordinal);
        Assert.DoesNotContain("DONE", Said, StringComparison.Ordinal);
        Assert.DoesNotContain("notice", Said, StringComparison.Ordinal);
        Assert.Single(_harness.Paths, IsStop);
    }

    [Fact]
    public async Task Answer_HasToStartAnew_EndsWithAnErrorAndIsStopped()
    {
        var answering = await AskAsync();
        await TellAsync(new TokenProduced("Hello") { Seq = 3, Turn = Turn });
        await TellAsync(new ModelSwitched("a", "b", "crash", SwitchedHow.Restart) { Seq = 4, Turn = Turn });

        await answering.WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Contains("\"code\":\"answer_restarted\"", Said, StringComparison.Ordinal);
        Assert.Single(_harness.Paths, IsStop);
    }

    [Fact]
    public async Task Call_Refused_HasNothingToStop()
    {
        var answering = await AskAsync(HttpStatusCode.BadRequest);
        await answering.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Contains("invalid_request_error", Said, StringComparison.Ordinal);
        Assert.Equal(["/v1/sessions"], _harness.Paths);
    }

    private static bool IsStop(string path) => path.Contains("/stop?by=disconnect&input=", StringComparison.Ordinal);

    private async Task TellAsync(SessionEvent happened) => await _events.Writer.WriteAsync(
        Encoding.UTF8.GetBytes($"event: x\nid: {happened.Seq}.ab\ndata: {WireJson.Write(happened)}\n\n"));

    private async Task<Task> AskAsync(HttpStatusCode opened = HttpStatusCode.Created)
    {
        _harness = await GatewayHarness.StartAsync(servers, database: 8);
        await _harness.AddAgentsAsync("pod");
        _harness.Answer = (attempt, _) => Task.FromResult(new HttpResponseMessage(attempt == 1 ? opened : HttpStatusCode.OK)
        {
            Content = attempt switch
            {
                1 => new StringContent($$$"""{"id":"x","createdAt":"2026-01-01T00:00:00.000Z","input":{"turn":"{{{Turn}}}","seq":2}}"""),
                2 => new StreamContent(_events.Reader.AsStream()),
                _ => new StringContent("{}"),
            },
        });
        var context = new DefaultHttpContext
        {
            User = new ClaimsPrincipal(new ClaimsIdentity(GatewayHarness.Caller.ToClaims(), "test")),
            RequestAborted = _left.Token,
        };
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes("""{"model":"agent","stream":true,"messages":[{"role":"user","content":"a"}]}"""));
        context.Response.Body = _answer;
        return new CompletionsEndpoint(_harness.Pods, _harness.Stream, _harness.Connections, _harness, _harness.Time).HandleAsync(context);
    }
}
