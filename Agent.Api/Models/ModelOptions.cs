using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Models;

/// <summary>The models of a deployment.</summary>
public sealed class ModelOptions : IValidatableObject
{
    public const string Section = "Models";

    /// <summary>Routes by name.</summary>
    public Dictionary<string, ModelRouteOptions> Routes { get; init; } = [];

    /// <summary>Name of the route that serves unless configuration or call name another; empty: the only one.</summary>
    public string Default { get; set; } = "";

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Routes.Count == 0)
        {
            yield return new ValidationResult("No model is configured: set Models:Routes:{name}:Endpoint, :Model and :ApiKey.", [nameof(Routes)]);
        }
        else if (Default.Length == 0 ? Routes.Count > 1 : !Routes.ContainsKey(Default))
        {
            yield return new ValidationResult("Models:Default must name one of Models:Routes.", [nameof(Default)]);
        }

        foreach (var (name, route) in Routes)
        {
            var errors = new List<ValidationResult>();
            Validator.TryValidateObject(route, new ValidationContext(route), errors, validateAllProperties: true);
            foreach (var error in errors)
            {
                yield return new ValidationResult($"Models:Routes:{name}: {error.ErrorMessage}", [nameof(Routes)]);
            }
        }
    }
}

/// <summary>One OpenAI-compatible endpoint and model.</summary>
public sealed class ModelRouteOptions
{
    /// <summary>Base address, such as <c>https://api.openai.com/v1</c>.</summary>
    [Required]
    public Uri? Endpoint { get; set; }

    /// <summary>The model's name there.</summary>
    [Required]
    public string Model { get; set; } = "";

    /// <summary>The key; empty for an endpoint that needs none.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>The model's window; tokens.</summary>
    [Range(1_024, 10_000_000)]
    public int ContextTokens { get; set; } = 128_000;

    /// <summary>How the model goes on with an answer that was cut off; many cannot.</summary>
    public Prefill Prefill { get; set; }

    /// <summary>Longest wait for the first token.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan FirstTokenTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait between two tokens.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan TokenTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>How a model is asked to go on with an answer that it has begun.</summary>
public enum Prefill
{
    /// <summary>It cannot be asked.</summary>
    None,

    /// <summary>The last message is the assistant's, and the model goes on from its end.</summary>
    LastAssistant,
}

[OptionsValidator]
internal sealed partial class ModelOptionsValidator : IValidateOptions<ModelOptions>;
