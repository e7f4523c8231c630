using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Chaos.Tests;

/// <summary>The service as a process, on a real store.</summary>
public class ExperimentTests(RedisPair servers)
{
    public static TheoryData<RedisKind> Kinds { get; } = [RedisKind.Server, RedisKind.Garnet];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Experiment_DescribedStartedStoppedRemoved_RunsOnlyInBetween(RedisKind kind)
    {
        await using var service = await StartAsync(kind);
        using var client = service.Client("operator");
        using var described = await client.PutAsJsonAsync("/v1/chaos/experiments/slow", new { minDelaySeconds = 0.5, maxDelaySeconds = 3, ttlSeconds = 30 });
        Assert.Null((await described.Content.ReadFromJsonAsync<JsonObject>())!["endsAt"]);

        using var started = await client.PostAsync("/v1/chaos/experiments/slow/start", null);
        var endsAt = (DateTimeOffset)(await started.Content.ReadFromJsonAsync<JsonObject>())!["endsAt"]!;
        Assert.InRange(endsAt, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddSeconds(31));

        using var stopped = await client.PostAsync("/v1/chaos/experiments/slow/stop", null);
        Assert.Null((await stopped.Content.ReadFromJsonAsync<JsonObject>())!["endsAt"]);
        using var removed = await client.DeleteAsync("/v1/chaos/experiments/slow");
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.PostAsync("/v1/chaos/experiments/slow/start", null)).StatusCode);
        Assert.Empty((await client.GetFromJsonAsync<JsonObject>("/v1/chaos/experiments"))!["experiments"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"errorRate":0.1}""")]
    [InlineData("""{"errorRate":1.1,"ttlSeconds":10}""")]
    [InlineData("""{"minDelaySeconds":3,"maxDelaySeconds":1,"ttlSeconds":10}""")]
    [InlineData("""{"ttlSeconds":0}""")]
    [InlineData("""{"ttlSeconds":10,"mayhem":true}""")]
    public async Task Experiment_WithoutEndOrWithNonsense_IsRefused(string body)
    {
        await using var service = await StartAsync(RedisKind.Garnet);
        using var client = service.Client("operator");
        using var response = await client.PutAsync("/v1/chaos/experiments/x", new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Experiments_ByAUser_AreRefused()
    {
        await using var service = await StartAsync(RedisKind.Garnet);
        using var client = service.Client("user");
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/v1/chaos/experiments")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/v1/chaos/signal")).StatusCode);
    }

    private async Task<ServiceProcess> StartAsync(RedisKind kind) => await ServiceProcess.StartAsync("Chaos.Service", new Dictionary<string, string>
    {
        ["ConnectionStrings__redis"] = (await servers.GetAsync(kind)).ConnectionString,
    });
}
