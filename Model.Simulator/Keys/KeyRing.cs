using Microsoft.Extensions.Options;

namespace AspireAgent.Simulator.Keys;

/// <summary>The keys that callers may send, as they are now; where there are none, nobody needs one. The newest change holds.</summary>
internal sealed class KeyRing : IDisposable
{
    private readonly IDisposable? _reloads;
    private volatile IReadOnlyList<string> _keys;

    public KeyRing(IOptionsMonitor<SimulatorOptions> options)
    {
        _keys = options.CurrentValue.AllKeys;
        _reloads = options.OnChange(changed => _keys = changed.AllKeys);
    }

    /// <summary>Whether a call with this <c>Authorization</c> is let in, and by which key; null: none was needed.</summary>
    public bool Admits(string? authorization, out int? key)
    {
        var keys = _keys;
        key = null;
        for (var i = 0; i < keys.Count && key is null; i++)
        {
            key = authorization == $"Bearer {keys[i]}" ? i : null;
        }

        return key is not null || keys.Count == 0;
    }

    public void Replace(IReadOnlyList<string> keys) => _keys = keys;

    public void Dispose() => _reloads?.Dispose();
}
