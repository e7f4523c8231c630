using AspireAgent.Agent.Models;
using AspireAgent.Agent.Tools;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace AspireAgent.Agent.Tests.Cancellation;

/// <summary>Tools over HTTP at the simulator: most of them never answer.</summary>
internal static class WireTools
{
    private const int Never = 3_600_000; // milliseconds

    private static readonly TimeSpan HedgeAfter = TimeSpan.FromMilliseconds(50);

    public static void AddWireTools(this IServiceCollection services, Uri simulator)
    {
        Add("lookup", Never);
        Add("weigh", Never);
        Add("survey", Never, hedgeWith: "almanac");
        Add("almanac", 0);
        Add("search", Never, hedgeWith: "index");
        Add("index", Never);

        void Add(string name, int delay, string? hedgeWith = null) => services.AddSingleton(provider => new Tool(
            Function(provider.GetRequiredService<IHttpClientFactory>(), simulator, name, delay), ToolEffect.ReadOnly, TimeSpan.FromMinutes(10), hedgeWith)
        {
            HedgeAfter = HedgeAfter,
        });
    }

    private static AIFunction Function(IHttpClientFactory http, Uri simulator, string name, int delay)
    {
        return AIFunctionFactory.Create(CallAsync, name);

        async Task<string> CallAsync(string subject, CancellationToken cancellationToken)
        {
            using var client = http.CreateClient(ModelCatalog.HttpClientName);
            return await client.GetStringAsync(new Uri(simulator, $"/tools/{name}-{subject}?delay={delay}"), cancellationToken);
        }
    }
}
