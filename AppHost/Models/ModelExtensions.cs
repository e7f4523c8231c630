using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace AspireAgent.AppHost.Models;

/// <summary>The models that the agents call, as settings of theirs.</summary>
/// <param name="Settings">Environment variables of an agent.</param>
/// <param name="Simulator">Runs when nobody configured a vendor.</param>
/// <param name="SimulatorKey">Its key.</param>
internal sealed record ModelSource(
    IReadOnlyDictionary<string, string> Settings, IResourceBuilder<ProjectResource>? Simulator, string SimulatorKey);

internal static class ModelExtensions
{
    private const string Routes = "Models:Routes";
    private const string Default = "standard";

    // By name, and how each is asked to go on with an answer.
    private static readonly (string Model, string Prefill)[] SimulatedModels =
        [("sim-large", "lastAssistant"), ("sim-small", "lastAssistant"), ("sim-noprefill", "none")];

    // The better one, then the cheaper one.
    private static readonly Dictionary<string, string> SimulatedPlan = new()
    {
        ["Models__Default"] = Default,
        [$"Models__Plans__{Default}__0"] = "sim-large",
        [$"Models__Plans__{Default}__1"] = "sim-small",
    };

    /// <summary>Models:Routes as configured, else in Development the simulator; elsewhere no route means no start.</summary>
    public static ModelSource AddModels(this IDistributedApplicationBuilder builder, IResourceBuilder<ParameterResource> trust)
    {
        if (builder.Configuration.GetSection(Routes).GetChildren().Any())
        {
            var settings = builder.Configuration.GetSection("Models").AsEnumerable()
                .Where(setting => setting.Value is not null)
                .ToDictionary(setting => setting.Key.Replace(":", "__", StringComparison.Ordinal), setting => setting.Value!);
            return new ModelSource(settings, null, "");
        }

        if (!builder.Environment.IsDevelopment() || builder.ExecutionContext.IsPublishMode)
        {
            throw new DistributedApplicationException(
                "No model is configured. Set Models:Routes:{name}:Endpoint, :Model and :ApiKey; the simulator is for Development alone.");
        }

        var key = RandomNumberGenerator.GetHexString(32, lowercase: true);
        var simulator = builder.AddService<Projects.Model_Simulator>("model", trust)
            .WithEnvironment("Simulator__ApiKey", key)
            .WithSettings(builder.Configuration, "Simulator")
            .ExcludeFromManifest();
        return new ModelSource(SimulatedPlan, simulator, key);
    }

    /// <summary>Gives an agent its routes.</summary>
    public static IResourceBuilder<ProjectResource> WithModels(this IResourceBuilder<ProjectResource> agent, ModelSource models)
    {
        foreach (var (name, value) in models.Settings)
        {
            agent.WithEnvironment(name, value);
        }

        if (models.Simulator is not { } simulator)
        {
            return agent;
        }

        foreach (var (model, prefill) in SimulatedModels)
        {
            agent.WithEnvironment($"Models__Routes__{model}__Endpoint", $"{simulator.GetEndpoint("http")}/v1")
                .WithEnvironment($"Models__Routes__{model}__Model", model)
                .WithEnvironment($"Models__Routes__{model}__Prefill", prefill)
                .WithEnvironment($"Models__Routes__{model}__ApiKey", models.SimulatorKey);
        }

        return agent.WaitFor(simulator);
    }
}
