using System.Collections.Concurrent;
using AspireAgent.Agent.Admission.Leases;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Budget;
using AspireAgent.Signals;

namespace AspireAgent.Agent.Admission;

/// <summary>
/// Tells the ledger what this pod has spent, used and produced, and asks it for leases: one request at a time, soon when somebody waits,
/// each quarter of a second while something happens, each second while there are leases, and after the first time not at all when there is
/// nothing to say.
/// Totals and ids make a repeat harmless: what may not have been heard is said again, while the process lives.
/// </summary>
/// <param name="instance">This process' name.</param>
/// <param name="leases">What turns are admitted from.</param>
/// <param name="produced">What answers produce.</param>
/// <param name="budget">The budget signal: what is left for everybody.</param>
/// <param name="client">To the ledger.</param>
/// <param name="bell">Rung when somebody waits.</param>
/// <param name="time">The clock.</param>
/// <param name="random">From 0 to 1, for jitter.</param>
/// <param name="metrics">Of the exchanges.</param>
/// <param name="logger">Logs failures, by kind.</param>
internal sealed partial class BudgetSyncLoop(
    string instance, BudgetLeases leases, ProducedTokens produced, ISignal<BudgetStatus> budget, BudgetSyncClient client, SyncBell bell,
    TimeProvider time, Func<double> random, AdmissionMetrics metrics, ILogger<BudgetSyncLoop> logger) : BackgroundService
{
    private const int MostOfAKind = 256;

    private static readonly TimeSpan LeastPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FinishWithin = TimeSpan.FromSeconds(3);

    private readonly ConcurrentQueue<BudgetUse> _uses = new();
    private readonly string _owner = $"{instance}/{SortableId.New(time)}";
    private readonly long _start = time.GetTimestamp();
    private TimeSpan _sentAt = -RetryAfter;
    private TimeSpan _retryAt;
    private long _producedTold;

    // Both kinds together: fewer while it is found out which item it is that the ledger refuses.
    private int _most = 2 * MostOfAKind;

    /// <summary>A turn, or a part of it, has used this.</summary>
    public void Report(BudgetUse use)
    {
        _uses.Enqueue(use);
        bell.Ring();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await SyncAsync(stoppingToken); // says nothing, but the way is known when the first turn waits
            while (true)
            {
                bell.Reset();
                var wait = UntilNext();
                if (wait > TimeSpan.Zero)
                {
                    await bell.Rung.WaitAsync(wait, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    stoppingToken.ThrowIfCancellationRequested();
                    continue;
                }

                await SyncAsync(stoppingToken);
                if (_sentAt + LeastPause - Now is { Ticks: > 0 } pause)
                {
                    await Task.Delay(pause, time, stoppingToken); // who comes meanwhile is in the next one
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await FinishAsync();
        }
    }

    private TimeSpan Now => time.GetElapsedTime(_start);

    private TimeSpan UntilNext()
    {
        var (now, next) = (time.GetTimestamp(), Tick);
        var need = !_uses.IsEmpty ? SyncNeed.Now : produced.Total != _producedTold ? SyncNeed.Soon : SyncNeed.None;
        foreach (var pool in leases.Pools)
        {
            var wants = pool.Look(now, out var wakeAt);
            need = wants > need ? wants : need;
            next = wakeAt is { } at && time.GetElapsedTime(now, at) is var until && until < next ? until : next;
        }

        // While it is down it is asked even with nothing to say: or else nobody would find out that it is back.
        var due = leases.IsDown ? _retryAt - Now
            : need is SyncNeed.Now ? TimeSpan.Zero
            : need is SyncNeed.Soon ? _sentAt + Tick - Now
            : Tick;
        return due <= TimeSpan.Zero || due < next ? due : next > Shortest ? next : Shortest;
    }

    /// <returns>Whether it was heard.</returns>
    private async Task<bool> SyncAsync(CancellationToken cancellationToken)
    {
        var (sentAt, total) = (time.GetTimestamp(), produced.Total);
        _sentAt = Now;
        var uses = _uses.Take(Math.Min(_most, MostOfAKind)).ToList();
        var wants = leases.Pools
            .Select(pool => (Pool: pool, Need: pool.Look(sentAt, out _)))
            .OrderByDescending(one => one.Need).ThenBy(one => one.Pool.ToldAt)
            .SelectMany(one => one.Pool.Wants(budget.Current?.Value.RemainingTokens, sentAt).Select(want => (one.Pool, want.Lease, want.Want)))
            .Take(Math.Min(_most - uses.Count, MostOfAKind))
            .ToList();
        var answer = await client.SendAsync(new BudgetSync(_owner, [.. wants.Select(want => want.Want)], uses, total), cancellationToken);
        metrics.Synced(time.GetElapsedTime(sentAt), answer.Outcome is SyncOutcome.Heard);
        switch (answer.Outcome)
        {
            case SyncOutcome.Heard:
                leases.Up();
                _producedTold = total;
                _most = Math.Min(2 * MostOfAKind, 2 * _most);
                Heard(uses.Count);
                Hear(wants, answer.Reply!, sentAt);
                return true;
            case SyncOutcome.Refused:
                leases.Up();
                Narrow(uses, wants);
                return false;
            default:
                LogUnheard(answer.Why);
                leases.Down();
                _retryAt = Now + (RetryAfter * (0.75 + (random() / 2)));
                return false;
        }
    }

    private void Hear(List<(LeasePool Pool, Lease Lease, LeaseWant Want)> wants, BudgetSyncReply reply, long sentAt)
    {
        var now = time.GetTimestamp();
        foreach (var ((pool, lease, _), grant) in wants.Zip(reply.Leases))
        {
            if (lease.Id == grant.Id)
            {
                pool.Hear(lease, grant, sentAt, now);
            }
        }
    }

    private void Heard(int uses)
    {
        for (var heard = 0; heard < uses; heard++)
        {
            _uses.TryDequeue(out _);
        }
    }

    // Half as much the next time, until the wrong one is alone.
    private void Narrow(List<BudgetUse> uses, List<(LeasePool Pool, Lease Lease, LeaseWant Want)> wants)
    {
        if (uses.Count + wants.Count > 1)
        {
            _most = Math.Max(1, (uses.Count + wants.Count) / 2);
            return;
        }

        if (uses is [var use])
        {
            LogRefused("use", use.Id);
            Heard(1);
        }
        else if (wants is [var want])
        {
            LogRefused("lease", want.Lease.Id);
            want.Pool.Drop(want.Lease);
        }
    }

    private async Task FinishAsync()
    {
        leases.Close();
        using var limit = new CancellationTokenSource(FinishWithin, time);
        try
        {
            while (!_uses.IsEmpty || produced.Total != _producedTold || leases.Pools.Any(pool => pool.Look(time.GetTimestamp(), out _) is not SyncNeed.None))
            {
                if (!await SyncAsync(limit.Token))
                {
                    await Task.Delay(Tick, time, limit.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            LogLost(_uses.Count);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The budget service refused the {What} {Id}.")]
    private partial void LogRefused(string what, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The budget service could not be reached ({Reason}); trying again.")]
    private partial void LogUnheard(string? reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The process ends before the budget service has heard of the last {Uses} uses.")]
    private partial void LogLost(int uses);
}
