using System.Text.Json;
using AspireAgent.Contracts.Config;
using AspireAgent.Signals;

namespace AspireAgent.Budget.Breaker;

/// <summary>
/// The breaker's knobs, of the global layer alone: as the configuration's signal says, before its first value as the store's copy of it
/// says, else the defaults. Calls come one at a time.
/// </summary>
internal sealed partial class BreakerKnobSource(
    ISignal<ConfigLayers> signal, SignalSnapshots<ConfigLayers> snapshots, ILogger<BreakerKnobSource> logger)
{
    private long _seen = -1;
    private bool _isUnreadable;

    /// <summary>The latest that were read.</summary>
    public BreakerKnobs Current { get; private set; } = BreakerKnobs.Default;

    /// <summary>The knobs that hold now. What cannot be read leaves the last ones standing.</summary>
    public async Task<BreakerKnobs> ReadAsync()
    {
        try
        {
            if ((signal.Current ?? await snapshots.ReadAsync()) is { } layers && layers.Revision != _seen)
            {
                Current = new BreakerKnobs(layers.Revision, LayerMerge.Merge([layers.Value.GlobalLayer]).Config.Live.Budget);
                _seen = layers.Revision;
            }

            _isUnreadable = false;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or InvalidOperationException)
        {
            if (!_isUnreadable) // said once, and not at each look
            {
                LogNotRead(exception.GetType().Name);
            }

            _isUnreadable = true;
        }

        return Current;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The configuration cannot be read ({Reason}); the breaker's last knobs stand.")]
    private partial void LogNotRead(string reason);
}
