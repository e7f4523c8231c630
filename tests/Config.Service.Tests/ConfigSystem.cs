using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AspireAgent.Testing;

namespace AspireAgent.Config.Tests;

/// <summary>A store of its own, and the service on it as often as wanted.</summary>
public sealed class ConfigSystem : IAsyncDisposable
{
    private readonly List<ServiceProcess> _services = [];

    private ConfigSystem(RedisProcess redis) => Redis = redis;

    public RedisProcess Redis { get; }

    /// <summary>The first instance.</summary>
    public ServiceProcess Service => _services[0];

    public static async Task<ConfigSystem> StartAsync(RedisKind kind, int instances = 1, IReadOnlyDictionary<string, string>? settings = null)
    {
        var system = new ConfigSystem(await RedisProcess.StartAsync(kind));
        for (var i = 0; i < instances; i++)
        {
            await system.AddAsync(settings);
        }

        return system;
    }

    /// <summary>One more instance.</summary>
    public async Task<ServiceProcess> AddAsync(IReadOnlyDictionary<string, string>? settings = null)
    {
        var service = await ServiceProcess.StartAsync("Config.Service", new Dictionary<string, string>(settings ?? new Dictionary<string, string>())
        {
            ["ConnectionStrings__redis"] = Redis.ConnectionString,
        });
        _services.Add(service);
        return service;
    }

    /// <summary>An operator's client of an instance.</summary>
    public ConfigClient Client(int instance = 0, string? role = "operator") => new(_services[instance].Client(role));

    public async ValueTask DisposeAsync()
    {
        foreach (var service in _services)
        {
            await service.DisposeAsync();
        }

        await Redis.DisposeAsync();
    }
}

/// <summary>The service's API as an operator has it.</summary>
public sealed class ConfigClient(HttpClient http) : IDisposable
{
    public HttpClient Http => http;

    /// <summary>A layer, or a release, and its revision.</summary>
    public async Task<(long Revision, JsonObject Document)> ReadAsync(string path)
    {
        using var response = await http.GetAsync($"/v1/config/{path}");
        response.EnsureSuccessStatusCode();
        return (RevisionOf(response), (await response.Content.ReadFromJsonAsync<JsonObject>())!);
    }

    public Task<HttpResponseMessage> PutAsync(string path, string json, long? revision) => SendAsync(HttpMethod.Put, path, json, revision);

    public Task<HttpResponseMessage> PatchAsync(string path, string json, long? revision) => SendAsync(HttpMethod.Patch, path, json, revision);

    public Task<HttpResponseMessage> PostAsync(string path, string? json = null, long? revision = null) => SendAsync(HttpMethod.Post, path, json, revision);

    /// <summary>Replaces a layer whatever it says; its new revision.</summary>
    public async Task<long> WriteAsync(string path, string json)
    {
        using var response = await PutAsync(path, json, (await ReadAsync(path)).Revision);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        return RevisionOf(response);
    }

    public async Task<T> GetAsync<T>(string path) => (await http.GetFromJsonAsync<T>($"/v1/config/{path}"))!;

    public static long RevisionOf(HttpResponseMessage response) => long.Parse(response.Headers.ETag!.Tag.Trim('"'));

    /// <summary>The problem of an answer that is one.</summary>
    public static async Task<JsonObject> ProblemAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        Assert.Equal(status, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        return (await response.Content.ReadFromJsonAsync<JsonObject>())!;
    }

    public void Dispose() => http.Dispose();

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? json, long? revision)
    {
        var request = new HttpRequestMessage(method, $"/v1/config/{path}");
        if (json is not null)
        {
            request.Content = new StringContent(json, null, "application/json");
        }

        if (revision is not null)
        {
            request.Headers.IfMatch.ParseAdd($"\"{revision}\"");
        }

        return http.SendAsync(request);
    }
}

/// <summary>A system for all tests of a class; each test takes layers of its own.</summary>
public sealed class OneInstance : IAsyncLifetime
{
    public ConfigSystem System { get; private set; } = null!;

    public async ValueTask InitializeAsync() => System = await ConfigSystem.StartAsync(RedisKind.Server);

    public ValueTask DisposeAsync() => System.DisposeAsync();
}
