using Microsoft.Extensions.Options;

namespace AspireAgent.Agent.Models.Clients;

/// <summary>The newest key of a route.</summary>
internal sealed class RouteKey(string route, IOptionsMonitor<ModelOptions> models)
{
    private string _last = "";

    /// <summary>
    /// The key; empty where the route never had one. A key that was there and is gone stays: its file is just being written, or
    /// exchanged.
    /// </summary>
    public string Current
    {
        get
        {
            if (models.CurrentValue.Routes.TryGetValue(route, out var options) && options.ApiKey is { Length: > 0 } key) // null: as JSON has it
            {
                Volatile.Write(ref _last, key);
            }

            return Volatile.Read(ref _last);
        }
    }
}
