using System.ClientModel;
using System.ClientModel.Primitives;
using System.Reactive.Concurrency;
using AspireAgent.Contracts.Chaos;
using AspireAgent.Signals;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using OpenAI;

namespace AspireAgent.Agent.Models;

/// <summary>A model that can be called.</summary>
internal sealed record ModelRoute(
    string Name, string Model, IChatClient Client, int ContextTokens, TimeSpan FirstTokenTimeout, TimeSpan TokenTimeout,
    Prefill Prefill = Prefill.None);

/// <summary>The routes of this deployment, each with its client: telemetry, then chaos, then the wire.</summary>
internal sealed class ModelCatalog : IDisposable
{
    /// <summary>Name of the <see cref="HttpClient"/> that carries the calls.</summary>
    public const string HttpClientName = "models";

    private readonly Dictionary<string, ModelRoute> _routes;
    private readonly ModelRoute _default;

    /// <summary>The routes, of which <paramref name="defaultRoute"/> serves unless another is named.</summary>
    public ModelCatalog(IEnumerable<ModelRoute> routes, string defaultRoute)
    {
        _routes = routes.ToDictionary(route => route.Name, StringComparer.Ordinal);
        _default = _routes[defaultRoute];
    }

    /// <summary>The routes that the deployment has configured.</summary>
    public static ModelCatalog FromOptions(
        IOptions<ModelOptions> options, IHttpClientFactory http, ISignal<ChaosStatus> chaos, TimeProvider time, ILoggerFactory loggers)
    {
        var configured = options.Value.Routes;
        return new ModelCatalog(
            configured.Select(route => new ModelRoute(
                route.Key, route.Value.Model, Client(route.Key, route.Value, http, chaos, time, loggers),
                route.Value.ContextTokens, route.Value.FirstTokenTimeout, route.Value.TokenTimeout, route.Value.Prefill)),
            options.Value.Default.Length > 0 ? options.Value.Default : configured.Keys.Single());
    }

    /// <summary>Names of all routes.</summary>
    public IEnumerable<string> Names => _routes.Keys.Order(StringComparer.Ordinal);

    /// <summary>Whether there is a route of that name.</summary>
    public bool Has(string name) => _routes.ContainsKey(name);

    /// <summary>The route of that name, else the default one.</summary>
    public ModelRoute RouteFor(string? name) => name is not null && _routes.TryGetValue(name, out var route) ? route : _default;

    /// <inheritdoc />
    public void Dispose()
    {
        foreach (var route in _routes.Values)
        {
            route.Client.Dispose();
        }
    }

    private static IChatClient Client(
        string name, ModelRouteOptions route, IHttpClientFactory http, ISignal<ChaosStatus> chaos, TimeProvider time, ILoggerFactory loggers)
    {
        var openAi = new OpenAIClient(
            new ApiKeyCredential(route.ApiKey.Length > 0 ? route.ApiKey : "none"),
            new OpenAIClientOptions
            {
                Endpoint = route.Endpoint,
                Transport = new HttpClientPipelineTransport(http.CreateClient(HttpClientName)),
                RetryPolicy = new ClientRetryPolicy(maxRetries: 0), // one layer of retries a hop, and it is not this one
                NetworkTimeout = Timeout.InfiniteTimeSpan, // the turn's own time-outs hold
            });
        return openAi.GetChatClient(route.Model).AsIChatClient().AsBuilder()
            .UseOpenTelemetry(loggers, configure: telemetry => telemetry.EnableSensitiveData = false)
            .Use(inner => new ChaosChatClient(inner, name, chaos, time, DefaultScheduler.Instance))
            .Build();
    }
}
