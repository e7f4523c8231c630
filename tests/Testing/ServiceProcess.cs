using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AspireAgent.Testing;

/// <summary>One of our services as a process of its own, as its published program would run.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private const string TrustKey = "a trust key for tests, and for tests alone";

    private readonly ChildProcess _process;

    private ServiceProcess(ChildProcess process, Uri address) => (_process, Address) = (process, address);

    public Uri Address { get; }

    public string Output => _process.Output;

    /// <summary>Starts a service and waits for its <paramref name="probe"/> to say 200.</summary>
    public static async Task<ServiceProcess> StartAsync(
        string project, IReadOnlyDictionary<string, string> settings, string probe = "/health")
    {
        var address = new Uri($"http://127.0.0.1:{LocalPort.Free()}");
        var environment = new Dictionary<string, string>(settings)
        {
            ["ASPNETCORE_URLS"] = address.ToString(),
            ["Trust__Key"] = TrustKey,
        };
        var process = ChildProcess.Start(Repository.Program(project), environment: environment);
        using var client = new HttpClient { BaseAddress = address };
        await Poll.UntilAsync(
            async () =>
            {
                if (process.HasExited)
                {
                    throw new InvalidOperationException($"{project} ended:\n{process.Output}");
                }

                try
                {
                    using var response = await client.GetAsync(probe);
                    return response.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            $"{project} to be healthy");
        return new ServiceProcess(process, address);
    }

    /// <summary>A client that calls in a role; null: without a token.</summary>
    public HttpClient Client(string? role)
    {
        var client = new HttpClient { BaseAddress = Address };
        if (role is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token(role));
        }

        return client;
    }

    /// <summary>SIGTERM, and its exit code.</summary>
    public Task<int> StopAsync()
    {
        _process.Terminate();
        return _process.ExitAsync();
    }

    public ValueTask DisposeAsync() => _process.DisposeAsync();

    private static string Token(string role) => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = "aspireagent",
        Audience = "aspireagent-internal",
        Subject = new ClaimsIdentity([new Claim("sub", "test"), new Claim("role", role), new Claim("tenant", "demo"), new Claim("tier", "standard")]),
        Expires = DateTime.UtcNow.AddHours(1),
        SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(TrustKey)), SecurityAlgorithms.HmacSha256),
    });
}
