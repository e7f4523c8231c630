using System.Text.Json;
using AspireAgent.Budget.Breaker.Velocity;
using AspireAgent.Contracts.Budget;
using AspireAgent.Signals;
using StackExchange.Redis;

namespace AspireAgent.Budget.Breaker;

/// <summary>
/// Watches the burnt tokens and moves the breaker. Every instance does; of two that want the same step the second one changes nothing,
/// and what one has done the others see a quarter of a second later. While the store is away the last state stands.
/// </summary>
internal sealed partial class BreakerWatch(
    IBurnSource source, BreakerStore store, BreakerKnobSource knobSource, LatestBurn latest, BudgetMetrics metrics,
    IConnectionMultiplexer redis, TimeProvider time, ILogger<BreakerWatch> logger) : BackgroundService
{
    public static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    private const string Signal = "budget";

    private readonly SemaphoreSlim _turn = new(1);
    private readonly BurnHistory _history = new();
    private readonly StoreClock _clock = new(time);
    private BreakerRecord _known = BreakerRecord.Initial;
    private long _told;
    private bool _isDown;

    /// <summary>Reads what is new, and does what is due.</summary>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        using var turn = await TakeTurnAsync(cancellationToken);
        var (reading, knobs) = await ReadAsync(cancellationToken);
        if (reading is null)
        {
            return;
        }

        if (BreakerRules.Next(_known, reading, knobs) is { } step && !await TryStepAsync(step))
        {
            _known = await store.ReadAsync();
        }

        await TellAsync(reading);
    }

    /// <summary>Does what an operator orders; the breaker as it is then.</summary>
    public async Task<CostBreaker> OrderAsync(BreakerOrder order, string by, CancellationToken cancellationToken)
    {
        using var turn = await TakeTurnAsync(cancellationToken);
        while (true)
        {
            var (reading, knobs) = await ReadAsync(cancellationToken);
            if (reading is null || (BreakerRules.Order(_known, order, by, reading, knobs) is { } step && !await TryStepAsync(step)))
            {
                continue; // another instance was faster, and the order is about what it left
            }

            await TellAsync(reading);
            return _known.ToContract();
        }
    }

    /// <summary>The breaker as the store has it.</summary>
    public async Task<CostBreaker> ReadBreakerAsync() => (await store.ReadAsync()).ToContract();

    /// <inheritdoc />
    public override void Dispose()
    {
        _turn.Dispose();
        base.Dispose();
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await LookOnceAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal stop.
        }
    }

    private async Task LookOnceAsync(CancellationToken cancellationToken)
    {
        try
        {
            await LookAsync(cancellationToken);
            _isDown = false;
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException or JsonException)
        {
            if (!_isDown) // said once, and not four times a second
            {
                LogDown(exception.GetType().Name);
            }

            _isDown = true;
        }
    }

    // Null: the store's clock went back, and its history is to be read anew.
    private async Task<(BreakerReading? Reading, BreakerKnobs Knobs)> ReadAsync(CancellationToken cancellationToken)
    {
        var knobs = await knobSource.ReadAsync();
        var burn = await source.ReadBurnAsync(_history.Wants, cancellationToken);
        _history.Take(burn);
        var found = await store.ReadAsync();
        if (found.Revision >= _known.Revision)
        {
            _known = found;
        }
        else if (await store.TryReplaceAsync(found.Revision, _known, audit: null))
        {
            LogRestored(found.Revision, _known.Revision);
        }

        return (_history.IsEmpty ? null : BreakerReading.Of(_history, _clock.Tell(burn.NowSecond), _known, knobs.Budget), knobs);
    }

    private async Task<bool> TryStepAsync(BreakerStep step)
    {
        if (!await store.TryReplaceAsync(_known.Revision, step.Next, step.Audit))
        {
            return false;
        }

        _known = step.Next;
        metrics.Stepped(step);
        LogStepped(step.Audit.From, step.Audit.To, step.Audit.By, step.Audit.Reason);
        return true;
    }

    // Whoever learns of a step wakes: what the publisher beside it read before was the old state.
    private async Task TellAsync(BreakerReading reading)
    {
        latest.Current = new BurnView(reading.Rate, _known.Revision == 0 ? null : _known.ToContract());
        if (_told != _known.Revision)
        {
            await SignalWakes.SendAsync(redis, Signal);
            _told = _known.Revision;
        }
    }

    private async Task<Turn> TakeTurnAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        return new Turn(_turn);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The cost breaker went from {From} to {To} by {By}: {Reason}")]
    private partial void LogStepped(string? from, string? to, string by, string? reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The store went back from revision {To} of the cost breaker to {From}; what was known here is put back.")]
    private partial void LogRestored(long from, long to);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Burn and cost breaker cannot be read ({Reason}); the last state stands.")]
    private partial void LogDown(string reason);

    private readonly struct Turn(SemaphoreSlim turn) : IDisposable
    {
        public void Dispose() => turn.Release();
    }
}
