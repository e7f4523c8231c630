using System.IO.Pipelines;
using System.Net;
using AspireAgent.Gateway.Routing;
using AspireAgent.Testing;

namespace AspireAgent.Gateway.Tests;

public sealed class PodClientTests(RedisPair servers)
{
    private const string Session = "01M83D42NGE36RDNFRZF1DMNFA";

    [Fact]
    public async Task Call_AnswerTakesLong_AsksTheSamePodAgain()
    {
        var harness = await StartAsync();
        harness.Answer = LateFirst;

        using var response = await SendAsync(harness, PodCall.Call);

        Assert.Equal([("owner", null, false), ("owner", null, false)], harness.Asked);
    }

    [Fact]
    public async Task Call_BodyDoesNotCome_IsAskedAgain()
    {
        var harness = await StartAsync();
        harness.Answer = (attempt, _) => Task.FromResult(new HttpResponseMessage
        {
            Content = attempt == 1 ? new StreamContent(new Pipe().Reader.AsStream()) : new StringContent("whole"),
        });

        using var response = await SendAsync(harness, PodCall.Call);

        Assert.Equal("whole", await response.Content.ReadAsStringAsync());
        Assert.Equal(2, harness.Asked.Count);
    }

    [Fact]
    public async Task Call_HeartbeatLapsesMeanwhile_AsksAnotherPod()
    {
        var harness = await StartAsync();
        harness.Answer = async (attempt, limit) =>
        {
            await (attempt == 1 ? harness.Registry.RemoveAsync("owner") : Task.CompletedTask);
            return await LateFirst(attempt, limit);
        };

        using var response = await SendAsync(harness, PodCall.Call);

        Assert.Equal([("owner", null, false), ("other", null, false)], harness.Asked);
    }

    [Theory]
    [InlineData(nameof(PodCall.Stream))]
    [InlineData(nameof(PodCall.Open))]
    public async Task Call_NoFirstWord_AnotherPodTakesTheSession(string call)
    {
        var harness = await StartAsync();
        harness.Answer = LateFirst;

        using var response = await SendAsync(harness, Enum.Parse<PodCall>(call));

        Assert.Equal([("owner", null, false), ("other", "7.abc", false)], harness.Asked);
    }

    [Fact]
    public async Task Call_BrokenOnce_AsksTheSamePodBeforeAnother()
    {
        var harness = await StartAsync();
        harness.Answer = (attempt, _) => attempt <= 2 ? throw new HttpRequestException(HttpRequestError.ResponseEnded) : Answered();

        using var response = await SendAsync(harness, PodCall.Call);

        Assert.Equal([("owner", null, false), ("owner", null, false), ("other", "7.abc", false)], harness.Asked);
    }

    [Fact]
    public async Task Call_OnlySilentPods_GivesUpAfterTwelveSeconds()
    {
        var harness = await StartAsync();
        harness.Answer = (_, limit) => LateFirst(1, limit);
        var began = harness.Time.GetUtcNow();

        await Assert.ThrowsAsync<PodUnavailableException>(() => SendAsync(harness, PodCall.Call));

        Assert.InRange((harness.Time.GetUtcNow() - began).TotalSeconds, 12, 18);
        Assert.Equal(3, harness.Asked.Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Once_MayHaveBeenDone_IsNotSentAgain(bool isLate)
    {
        var harness = await StartAsync();
        harness.Answer = (_, limit) => isLate ? LateFirst(1, limit) : throw new HttpRequestException(HttpRequestError.ResponseEnded);

        await Assert.ThrowsAsync<PodUnavailableException>(() => SendAsync(harness, PodCall.Once));

        Assert.Equal([("owner", null, true)], harness.Asked);
    }

    [Fact]
    public async Task Once_SurelyNotDone_IsSentAgain()
    {
        var harness = await StartAsync();
        harness.Answer = (attempt, _) => attempt switch
        {
            1 => Task.FromResult(new HttpResponseMessage(HttpStatusCode.MisdirectedRequest)),
            2 => throw new HttpRequestException(HttpRequestError.ConnectionError),
            _ => Answered(),
        };

        using var response = await SendAsync(harness, PodCall.Once);

        Assert.Equal([("owner", null, true), ("owner", null, true), ("other", "7.abc", true)], harness.Asked);
    }

    private static Task<HttpResponseMessage> Answered() => Task.FromResult(new HttpResponseMessage());

    private static async Task<HttpResponseMessage> LateFirst(int attempt, CancellationToken limit)
    {
        await (attempt == 1 ? Task.Delay(Timeout.InfiniteTimeSpan, limit) : Task.CompletedTask);
        return new HttpResponseMessage();
    }

    private static async Task<HttpResponseMessage> SendAsync(GatewayHarness harness, PodCall call)
    {
        var sending = harness.Pods.SendAsync(call, GatewayHarness.Caller, Session, HttpMethod.Post, "/v1/x", null, default);
        await harness.DoneAsync(sending);
        return await sending;
    }

    private async Task<GatewayHarness> StartAsync()
    {
        var harness = await GatewayHarness.StartAsync(servers, database: 1);
        await harness.AddAgentsAsync("owner", "other");
        await harness.OwnAsync(Session, "owner");
        return harness;
    }
}
