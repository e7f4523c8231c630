using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests;

/// <summary>The configuration as an operator changes it, through the gateway.</summary>
internal sealed class OperatorClient(HttpClient gateway) : IDisposable
{
    public HttpClient Http => gateway;

    /// <summary>Merges a change into a layer and waits until every pod runs it.</summary>
    public async Task ChangeAsync(string scope, object patch)
    {
        using var response = await PatchAsync(scope, patch);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
        await ConvergedAsync();
    }

    /// <summary>Merges a change into a layer.</summary>
    public async Task<HttpResponseMessage> PatchAsync(string scope, object patch)
    {
        using var read = await gateway.GetAsync($"/v1/config/layers/{scope}");
        read.EnsureSuccessStatusCode();
        using var write = new HttpRequestMessage(HttpMethod.Patch, $"/v1/config/layers/{scope}") { Content = JsonContent.Create(patch) };
        write.Headers.IfMatch.Add(read.Headers.ETag!);
        return await gateway.SendAsync(write);
    }

    /// <summary>Describes a release, or starts, pauses, promotes or rolls it back, and waits until every pod knows.</summary>
    public async Task ReleaseAsync(string name, object? described = null, string? step = null, long revision = 0)
    {
        using var request = new HttpRequestMessage(described is null ? HttpMethod.Post : HttpMethod.Put, $"/v1/config/releases/{name}{(step is null ? "" : $"/{step}")}");
        if (described is not null)
        {
            request.Content = JsonContent.Create(described);
            request.Headers.IfMatch.ParseAdd($"\"{revision}\"");
        }

        using var response = await gateway.SendAsync(request);
        Assert.True(response.StatusCode is HttpStatusCode.OK, await response.Content.ReadAsStringAsync());
        await ConvergedAsync();
    }

    /// <summary>Waits until each of at least <paramref name="pods"/> pods runs the store's revision.</summary>
    public Task<JsonObject> ConvergedAsync(int pods = 1)
    {
        JsonObject? report = null;
        return Poll.UntilAsync(
            async () =>
            {
                using var response = await gateway.GetAsync("/v1/config/convergence");
                report = response.IsSuccessStatusCode ? await response.Content.ReadFromJsonAsync<JsonObject>() : null;
                return report is not null && (bool)report["converged"]! && report["pods"]!.AsArray().Count >= pods ? report : null;
            },
            () => $"convergence; the last report is {report?.ToJsonString()}");
    }

    public async Task<JsonObject> EffectiveAsync(string query) => (await gateway.GetFromJsonAsync<JsonObject>($"/v1/config/effective?{query}"))!;

    public void Dispose() => gateway.Dispose();
}
