using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Models.Clients;

/// <summary>What a route's client needs beyond the ranges of <see cref="ModelRouteOptions"/>. No key is ever quoted.</summary>
internal sealed class RouteRules : IValidateOptions<ModelOptions>
{
    public ValidateOptionsResult Validate(string? name, ModelOptions options)
    {
        string[] errors = [.. options.Routes.SelectMany(route => Errors(route.Value).Select(error => $"Models:Routes:{route.Key}:{error}"))];
        return errors.Length > 0 ? ValidateOptionsResult.Fail(errors) : ValidateOptionsResult.Success;
    }

    private static IEnumerable<string> Errors(ModelRouteOptions route)
    {
        if (route.Endpoint is { } endpoint && !(endpoint.IsAbsoluteUri && endpoint.Scheme is "http" or "https" && endpoint.UserInfo.Length == 0))
        {
            yield return "Endpoint must be an absolute http or https address without a user.";
        }

        // Else it cannot be sent, and what refuses it then may quote it.
        if (route.ApiKey.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            yield return "ApiKey must be of visible ASCII characters, without blanks or line ends.";
        }

        if (route.Kind is ModelKind.Ollama && route.Prefill is Prefill.PrefixFlag or Prefill.ContinueFinalMessage)
        {
            yield return "Prefill must be None or LastAssistant with Ollama.";
        }
    }
}
