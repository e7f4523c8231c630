using System.Net;
using AspireAgent.ServiceDefaults.Egress;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace AspireAgent.ServiceDefaults.Tests.Egress;

/// <summary>A client under the rules, and a server on loopback that it may reach or not.</summary>
public sealed class EgressConnectorTests : IAsyncLifetime
{
    private readonly int _port = LocalPort.Free();
    private WebApplication? _server;
    private int _requests;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"http://127.0.0.1:{_port}");
        builder.Logging.ClearProviders();
        _server = builder.Build();
        _server.MapGet("/", (HttpContext context) => { Interlocked.Increment(ref _requests); return context.Request.Host.Host; });
        _server.MapGet("/elsewhere", () => Results.Redirect($"http://127.0.0.1:{_port}/"));
        await _server.StartAsync();
    }

    public ValueTask DisposeAsync() => _server!.DisposeAsync();

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("2130706433")]
    [InlineData("0x7f.1")]
    public async Task Loopback_OutsideOfDevelopment_IsRefused(string host)
    {
        await using var services = Services();

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(services, host));

        var refusal = Assert.IsType<EgressRefusedException>(error.InnerException);
        Assert.Equal("loopback", refusal.Rule);
        Assert.Contains(refusal.Host, refusal.Message);
        Assert.Equal(0, _requests);
    }

    [Fact]
    public async Task Loopback_InDevelopment_IsReached()
    {
        await using var services = Services(environment: Environments.Development);
        Assert.Equal("localhost", await GetAsync(services, "localhost"));
    }

    [Fact]
    public async Task Loopback_Listed_IsReached()
    {
        await using var services = Services(new() { ["Egress:Networks:0"] = "127.0.0.0/8" });
        Assert.Equal("127.0.0.1", await GetAsync(services, "127.0.0.1"));
    }

    [Fact]
    public async Task Host_NotListed_IsRefusedBeforeItsNameIsAsked()
    {
        await using var services = Services(new() { ["Egress:Hosts:0"] = "model.example" }, Environments.Development, "127.0.0.1");

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(services, "secrets.model.example.attacker.example"));

        Assert.Equal("host", Assert.IsType<EgressRefusedException>(error.InnerException).Rule);
        Assert.Empty(services.GetRequiredService<Names>().Asked);
    }

    [Fact]
    public async Task Name_OfAnAllowedAddress_IsAskedForOnceAndReachedThere()
    {
        // No resolver knows this name: the connection can only be to the address that was judged.
        await using var services = Services(new() { ["Egress:Hosts:0"] = "*.example" }, Environments.Development, "127.0.0.1", "10.0.0.1");

        Assert.Equal("model.example", await GetAsync(services, "model.example"));
        Assert.Equal(["model.example"], services.GetRequiredService<Names>().Asked);
    }

    [Fact]
    public async Task Name_OfSeveralAddresses_IsReachedAtTheAllowedOne()
    {
        await using var services = Services(null, Environments.Development, "169.254.169.254", "127.0.0.1");
        Assert.Equal("model.example", await GetAsync(services, "model.example"));
    }

    [Fact]
    public async Task Name_OfRefusedAddressesAlone_IsRefused()
    {
        await using var services = Services(null, Environments.Development, "10.0.0.1", "169.254.169.254");
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(services, "model.example"));
        Assert.Equal("private", Assert.IsType<EgressRefusedException>(error.InnerException).Rule);
    }

    [Fact]
    public async Task Name_Unknown_IsAnErrorOfNameResolution()
    {
        await using var services = Services();
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => GetAsync(services, "nowhere.invalid"));
        Assert.Equal(HttpRequestError.NameResolutionError, error.HttpRequestError);
    }

    [Fact]
    public async Task Redirect_IsNotFollowed()
    {
        await using var services = Services(environment: Environments.Development);

        using var response = await Client(services).GetAsync($"http://localhost:{_port}/elsewhere");

        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        Assert.Equal(0, _requests);
    }

    [Fact]
    public async Task Handler_KeepsWhatStreamingNeeds_AndUsesNoProxy()
    {
        await using var services = Services();
        var handler = services.GetRequiredService<IHttpMessageHandlerFactory>().CreateHandler("outside");
        while (handler is DelegatingHandler { InnerHandler: { } inner })
        {
            handler = inner;
        }

        var sockets = Assert.IsType<SocketsHttpHandler>(handler);
        Assert.False(sockets.UseProxy);
        Assert.False(sockets.AllowAutoRedirect);
        Assert.Equal(0, sockets.MaxResponseDrainSize);
        Assert.Equal(Timeout.InfiniteTimeSpan, Client(services).Timeout);
    }

    [Fact]
    public async Task Options_ThatAreInvalid_EndTheStart()
    {
        await using var services = Services(new() { ["Egress:Networks:0"] = "intranet" });
        var error = Assert.Throws<OptionsValidationException>(services.GetRequiredService<IStartupValidator>().Validate);
        Assert.Contains("intranet", error.Message);
    }

    private static HttpClient Client(IServiceProvider services) => services.GetRequiredService<IHttpClientFactory>().CreateClient("outside");

    private Task<string> GetAsync(IServiceProvider services, string host) => Client(services).GetStringAsync($"http://{host}:{_port}/");

    /// <param name="settings">Of <c>Egress</c>.</param>
    /// <param name="environment">The host's.</param>
    /// <param name="addresses">What each name resolves to; none: what it really does.</param>
    private static ServiceProvider Services(Dictionary<string, string?>? settings = null, string environment = "Production", params string[] addresses)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = environment });
        builder.Configuration.AddInMemoryCollection(settings ?? []);
        builder.Services.AddHttpClient("outside").AsStreaming().WithEgress();
        builder.Services.AddSingleton<Names>();
        if (addresses.Length > 0)
        {
            builder.Services.AddSingleton(provider => new EgressConnector(
                provider.GetRequiredService<IOptions<EgressOptions>>(), provider.GetRequiredService<IHostEnvironment>(), provider.GetRequiredService<ILogger<EgressConnector>>())
            {
                Resolve = (name, _) =>
                {
                    provider.GetRequiredService<Names>().Asked.Add(name);
                    return Task.FromResult<IPAddress[]>([.. addresses.Select(IPAddress.Parse)]);
                },
            });
        }

        return (ServiceProvider)builder.Build().Services;
    }

    private sealed class Names
    {
        public List<string> Asked { get; } = [];
    }
}
