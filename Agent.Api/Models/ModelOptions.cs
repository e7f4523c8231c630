using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Models;

/// <summary>The models of a deployment.</summary>
public sealed class ModelOptions : IValidatableObject
{
    public const string Section = "Models";

    /// <summary>The name of the route that answers by rule.</summary>
    public const string LastResort = "rules";

    /// <summary>Routes by name.</summary>
    public Dictionary<string, ModelRouteOptions> Routes { get; init; } = [];

    /// <summary>
    /// Plans by name: routes in order, the first that can serves. The name of a route is a plan, too: that route, then those of the
    /// default plan.
    /// </summary>
    public Dictionary<string, string[]> Plans { get; init; } = [];

    /// <summary>Plan of a tier of callers, by the tier's name; where none is named the default one.</summary>
    public Dictionary<string, string> Tiers { get; init; } = [];

    /// <summary>The plan, or route, that serves unless configuration or call name another; empty: the only one.</summary>
    public string Default { get; set; } = "";

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Routes.Count == 0)
        {
            yield return new ValidationResult("No model is configured: set Models:Routes:{name}:Endpoint, :Model and :ApiKey.", [nameof(Routes)]);
        }
        else if (Default.Length == 0 ? Routes.Count > 1 && Plans.Count != 1 : !Knows(Default))
        {
            yield return new ValidationResult("Models:Default must name one of Models:Plans or Models:Routes.", [nameof(Default)]);
        }

        foreach (var (name, plan) in Plans)
        {
            if (plan.Length == 0 || plan.Distinct(StringComparer.Ordinal).Count() < plan.Length || !plan.All(Routes.ContainsKey) || Routes.ContainsKey(name))
            {
                yield return new ValidationResult(
                    $"Models:Plans:{name} must list names of Models:Routes, each once, and must not be named as one of them.", [nameof(Plans)]);
            }
        }

        foreach (var (tier, plan) in Tiers.Where(tier => !Knows(tier.Value)))
        {
            yield return new ValidationResult($"Models:Tiers:{tier} must name a plan or a route; there is no '{plan}'.", [nameof(Tiers)]);
        }

        foreach (var (name, route) in Routes)
        {
            var errors = new List<ValidationResult>();
            Validator.TryValidateObject(route, new ValidationContext(route), errors, validateAllProperties: true);
            if (name == LastResort)
            {
                errors.Add(new ValidationResult("this name is that of the last resort."));
            }

            if (route.FirstTokenTimeout >= route.TotalTimeout || route.TokenTimeout >= route.TotalTimeout)
            {
                errors.Add(new ValidationResult("FirstTokenTimeout and TokenTimeout must be shorter than TotalTimeout."));
            }

            foreach (var error in errors)
            {
                yield return new ValidationResult($"Models:Routes:{name}: {error.ErrorMessage}", [nameof(Routes)]);
            }
        }
    }

    private bool Knows(string plan) => Plans.ContainsKey(plan) || Routes.ContainsKey(plan);
}

[OptionsValidator]
internal sealed partial class ModelOptionsValidator : IValidateOptions<ModelOptions>;
