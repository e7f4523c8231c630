using System.ClientModel.Primitives;
using System.Reactive.Concurrency;
using AspireAgent.Contracts.Chaos;
using AspireAgent.Signals;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using OpenAI;
using OpenAI.Chat;

namespace AspireAgent.Agent.Models.Clients;

/// <summary>
/// Makes the clients of routes: telemetry, then chaos, then the wire. They neither retry nor have time-outs, which is the plan's
/// part. Who disposes of a client ends its subscription to the chaos signal.
/// </summary>
internal sealed class RouteClients(
    IHttpClientFactory http, IOptionsMonitor<ModelOptions> models, ISignal<ChaosStatus> chaos, TimeProvider time, ILoggerFactory loggers)
{
    /// <summary>The client of a route.</summary>
    public IChatClient Create(string name, ModelRouteOptions route)
    {
        var key = new RouteKey(name, models);
        IChatClient wire = route.Kind is ModelKind.Ollama ? Ollama(route, key) : OpenAi(route, key);
        return wire.AsBuilder()
            .UseOpenTelemetry(loggers, configure: telemetry => telemetry.EnableSensitiveData = false)
            .Use(inner => new ChaosChatClient(inner, name, chaos, time, DefaultScheduler.Instance))
            .Build();
    }

    private PrefillChatClient OpenAi(ModelRouteOptions route, RouteKey key)
    {
#pragma warning disable OPENAI001 // A policy of one's own is in preview since 2.5; the key that changes needs it.
        var options = new OpenAIClientOptions
        {
            Endpoint = route.Endpoint,
            Transport = new HttpClientPipelineTransport(http.CreateClient(ModelCatalog.HttpClientName)),
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
            NetworkTimeout = Timeout.InfiniteTimeSpan,
        };
        options.AddPolicy(new CancelledReadsPolicy(), PipelinePosition.PerCall);
        var client = new ChatClient(route.Model, new RouteKeyPolicy(key, route.Kind), options);
#pragma warning restore OPENAI001
        return new PrefillChatClient(new ToolCallsChatClient(client.AsIChatClient()), route.Prefill);
    }

    private OllamaChatClient Ollama(ModelRouteOptions route, RouteKey key)
    {
        var client = http.CreateClient(ModelCatalog.HttpClientName);
        client.BaseAddress = new Uri($"{route.Endpoint!.AbsoluteUri.TrimEnd('/')}/"); // else a path at its end is replaced, not extended
        return new OllamaChatClient(client, route.Model, key);
    }
}
