using System.ClientModel;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Models;
using AspireAgent.Contracts.Chaos;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Models.Clients;

public class RouteClientsTests
{
    public static TheoryData<ModelKind, string, string, string, string> Kinds { get; } = new()
    {
        { ModelKind.OpenAi, "v1", "/v1/chat/completions", "Authorization", "Bearer key-1" },
        { ModelKind.AzureOpenAi, "openai/v1", "/openai/v1/chat/completions", "api-key", "key-1" },
        { ModelKind.Ollama, "", "/api/chat", "Authorization", "Bearer key-1" },
        { ModelKind.Ollama, "behind/a/proxy", "/behind/a/proxy/api/chat", "Authorization", "Bearer key-1" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Call_OfEachKind_HasItsPathItsKeyAndItsModel(ModelKind kind, string path, string called, string header, string value)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, kind, key: "key-1", path: path);
        foreach (var streamed in new[] { true, false })
        {
            var calling = route.CallAsync(streamed);
            var call = await vendor.NextAsync();
            await call.SayAsync("Hel");
            await call.SayAsync("lo");
            await call.FinishAsync();

            Assert.Equal("Hello", await calling);
            Assert.Equal(called, call.Path);
            Assert.Equal(value, call.Headers[header]);
            Assert.Equal("the-model", call.Body["model"]!.GetValue<string>());
            Assert.Equal(kind is ModelKind.AzureOpenAi, !call.Headers.ContainsKey("Authorization"));
        }
    }

    [Theory]
    [InlineData(ModelKind.OpenAi)]
    [InlineData(ModelKind.AzureOpenAi)]
    [InlineData(ModelKind.Ollama)]
    public async Task Call_WithoutAKey_SendsNone(ModelKind kind)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, kind);

        var calling = route.CallAsync();
        var call = await vendor.NextAsync();
        await call.FinishAsync();

        Assert.Equal("", await calling);
        Assert.DoesNotContain(call.Headers.Keys, header => header.ToUpperInvariant() is "AUTHORIZATION" or "API-KEY");
    }

    // Ollama cannot be told not to call what it is shown.
    [Theory]
    [InlineData(ModelKind.OpenAi, 1, "none")]
    [InlineData(ModelKind.Ollama, 0, null)]
    public async Task Call_ThatMayCallNoTool_SaysSoAsTheVendorTakesIt(ModelKind kind, int tools, string? choice)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, kind);
        var options = new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "one")], ToolMode = ChatToolMode.None };

        var calling = route.Client.GetStreamingResponseAsync([new(ChatRole.User, "Say it.")], options).ToChatResponseAsync();
        var call = await vendor.NextAsync();
        await call.FinishAsync();
        await calling.WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(tools, (call.Body["tools"] as JsonArray)?.Count ?? 0);
        Assert.Equal(choice, call.Body["tool_choice"]?.GetValue<string>());
        Assert.Single(options.Tools);
    }

    [Fact]
    public async Task Call_Refused_IsNotTriedAgain()
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor);

        var calling = route.CallAsync();
        await (await vendor.NextAsync()).RefuseAsync(503, retryAfter: "0");

        Assert.Equal(503, (await Assert.ThrowsAsync<ClientResultException>(() => calling)).Status);
        Assert.False(vendor.HasCalls);
    }

    [Fact]
    public async Task Call_UnderChaos_FailsBeforeTheWire()
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor);
        route.Chaos.Set(new([new ChaosExperiment { Id = "x", TtlSeconds = 60, ErrorRate = 1, Route = "main", EndsAt = DateTimeOffset.MaxValue }]));

        await Assert.ThrowsAsync<HttpRequestException>(() => route.CallAsync());
        Assert.False(vendor.HasCalls);
    }

    [Theory]
    [InlineData(ModelKind.OpenAi, true)]
    [InlineData(ModelKind.OpenAi, false)]
    [InlineData(ModelKind.Ollama, true)]
    [InlineData(ModelKind.Ollama, false)]
    public async Task Call_CancelledWhileTheModelIsSilent_ClosesTheConnection(ModelKind kind, bool begun)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, kind);
        using var user = new CancellationTokenSource();
        await using var answer = route.Client.GetStreamingResponseAsync([new(ChatRole.User, "Say it.")], null, user.Token)
            .GetAsyncEnumerator(user.Token);

        var next = answer.MoveNextAsync().AsTask();
        var call = await vendor.NextAsync();
        if (begun)
        {
            await call.SayAsync("Hel");
            Assert.True(await next);
            next = answer.MoveNextAsync().AsTask();
        }

        await user.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(TimeSpan.FromSeconds(60)));
        await call.Left.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData(ModelKind.OpenAi)]
    [InlineData(ModelKind.Ollama)]
    public async Task Call_LetGoOf_ClosesTheConnection(ModelKind kind)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, kind);
        var answer = route.Client.GetStreamingResponseAsync([new(ChatRole.User, "Say it.")]).GetAsyncEnumerator();

        var next = answer.MoveNextAsync();
        var call = await vendor.NextAsync();
        await call.SayAsync("Hel");
        Assert.True(await next);
        await answer.DisposeAsync();

        await call.Left.WaitAsync(TimeSpan.FromSeconds(60));
    }
}
