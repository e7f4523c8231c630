using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Clients;

namespace AspireAgent.Agent.Tests.Models.Clients;

public class RouteRulesTests
{
    [Theory]
    [InlineData("api.example.com/v1", "key", ModelKind.OpenAi, Prefill.None, "main:Endpoint")]
    [InlineData("ftp://api.example.com/v1", "key", ModelKind.OpenAi, Prefill.None, "main:Endpoint")]
    [InlineData("https://user:word@api.example.com/v1", "key", ModelKind.OpenAi, Prefill.None, "main:Endpoint")]
    [InlineData("https://api.example.com/v1", "a key", ModelKind.OpenAi, Prefill.None, "main:ApiKey")]
    [InlineData("https://api.example.com/v1", "key\r", ModelKind.OpenAi, Prefill.None, "main:ApiKey")]
    [InlineData("https://api.example.com/v1", "schlüssel", ModelKind.OpenAi, Prefill.None, "main:ApiKey")]
    [InlineData("http://ollama:11434", "", ModelKind.Ollama, Prefill.PrefixFlag, "main:Prefill")]
    [InlineData("http://ollama:11434", "", ModelKind.Ollama, Prefill.ContinueFinalMessage, "main:Prefill")]
    public void Route_ThatCannotWork_IsRefused(string endpoint, string key, ModelKind kind, Prefill prefill, string names)
    {
        var error = Assert.Single(Validate(endpoint, key, kind, prefill).Failures!);
        Assert.StartsWith($"Models:Routes:{names} ", error);
        Assert.DoesNotContain("word", error);
    }

    [Theory]
    [InlineData("https://api.example.com/v1", "sk-proj-A_b.c~1", ModelKind.OpenAi, Prefill.PrefixFlag)]
    [InlineData("https://x.openai.azure.com/openai/v1", "", ModelKind.AzureOpenAi, Prefill.ContinueFinalMessage)]
    [InlineData("http://ollama:11434", "", ModelKind.Ollama, Prefill.LastAssistant)]
    public void Route_ThatCan_IsNot(string endpoint, string key, ModelKind kind, Prefill prefill) =>
        Assert.True(Validate(endpoint, key, kind, prefill).Succeeded);

    private static Microsoft.Extensions.Options.ValidateOptionsResult Validate(string endpoint, string key, ModelKind kind, Prefill prefill) =>
        new RouteRules().Validate(null, new ModelOptions
        {
            Routes = { ["main"] = new ModelRouteOptions { Endpoint = new Uri(endpoint, UriKind.RelativeOrAbsolute), ApiKey = key, Kind = kind, Prefill = prefill } },
        });
}
