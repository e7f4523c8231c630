using AspireAgent.Simulator.Keys;
using Microsoft.Extensions.Options;

namespace AspireAgent.Simulator.Tests.Keys;

public sealed class KeyRingTests
{
    [Fact]
    public void Admits_NoKeys_Everybody()
    {
        using var keys = new KeyRing(new Monitor());

        Assert.True(keys.Admits(null, out var key));
        Assert.Null(key);
    }

    [Fact]
    public void Reload_OtherKeys_HoldAtOnce()
    {
        var monitor = new Monitor { CurrentValue = new SimulatorOptions { ApiKey = "a", ApiKeys = ["b"] } };
        using var keys = new KeyRing(monitor);
        Assert.True(keys.Admits("Bearer b", out var key));
        Assert.Equal(1, key);

        monitor.Change(new SimulatorOptions { ApiKeys = ["c"] });

        Assert.False(keys.Admits("Bearer b", out _));
        Assert.True(keys.Admits("Bearer c", out key));
        Assert.Equal(0, key);
    }

    private sealed class Monitor : IOptionsMonitor<SimulatorOptions>
    {
        private event Action<SimulatorOptions, string?>? Changed;

        public SimulatorOptions CurrentValue { get; init; } = new();

        public SimulatorOptions Get(string? name) => CurrentValue;

        public IDisposable? OnChange(Action<SimulatorOptions, string?> listener)
        {
            Changed += listener;
            return null;
        }

        public void Change(SimulatorOptions options) => Changed?.Invoke(options, null);
    }
}
