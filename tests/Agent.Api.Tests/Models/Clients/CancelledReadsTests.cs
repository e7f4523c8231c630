using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Clients;
using AspireAgent.Contracts.Chaos;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Tests.Models.Clients;

/// <summary>The instant between a response's headers and the first read of its body, in which nobody listens for a cancellation.</summary>
public class CancelledReadsTests
{
    [Theory]
    [InlineData(ModelKind.OpenAi)]
    [InlineData(ModelKind.AzureOpenAi)]
    [InlineData(ModelKind.Ollama)]
    public async Task Call_CancelledBetweenHeadersAndBody_ClosesTheConnection(ModelKind kind)
    {
        await using var vendor = await Vendor.StartAsync();
        using var user = new CancellationTokenSource();
        using var http = new CancellingHandler(user);
        var options = new ModelRouteOptions { Kind = kind, Endpoint = vendor.Address, Model = "the-model" };
        using var client = new RouteClients(
                http, new OneOption(new ModelOptions { Routes = { ["main"] = options } }), new FakeSignal<ChaosStatus>(ChaosStatus.Calm), TimeProvider.System,
                NullLoggerFactory.Instance)
            .Create("main", options);
        await using var answer = client.GetStreamingResponseAsync([new(ChatRole.User, "Say it.")], null, user.Token).GetAsyncEnumerator(user.Token);

        var next = answer.MoveNextAsync().AsTask();
        var call = await vendor.NextAsync();
        await call.SayAsync("Hel");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next.WaitAsync(TimeSpan.FromSeconds(60)));
        await call.Left.WaitAsync(TimeSpan.FromSeconds(60));
    }

    private sealed class CancellingHandler(CancellationTokenSource user)
        : DelegatingHandler(new SocketsHttpHandler { MaxResponseDrainSize = 0, ResponseDrainTimeout = TimeSpan.Zero }), IHttpClientFactory
    {
        public HttpClient CreateClient(string name) => new(this, disposeHandler: false);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            await user.CancelAsync();
            return response;
        }
    }

    private sealed class OneOption(ModelOptions value) : IOptionsMonitor<ModelOptions>
    {
        public ModelOptions CurrentValue => value;

        public ModelOptions Get(string? name) => value;

        public IDisposable? OnChange(Action<ModelOptions, string?> listener) => null;
    }
}
