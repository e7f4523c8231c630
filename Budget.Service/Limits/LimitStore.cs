using System.Collections.Concurrent;
using System.Text.Json;
using AspireAgent.Budget.Ledger;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Json;
using StackExchange.Redis;

namespace AspireAgent.Budget.Limits;

/// <summary>
/// The budgets' limits. This process remembers each that it has seen; where the store is found to know an older one, or none, it has
/// lost data, and gets it back. The newest holds, so that any number of instances may do that.
/// </summary>
internal sealed class LimitStore(LedgerStore store)
{
    private readonly ConcurrentDictionary<string, LimitEntry> _remembered = new(StringComparer.Ordinal);

    /// <summary>Sets a limit (null: takes it away; the system has its default then), and writes it into the audit. False: it is so already.</summary>
    public async Task<bool> SetAsync(string name, BudgetLimit? limit, string by, string? reason, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var seen = await store.Database.HashGetAsync(store.Keys.Limits, name);
            var before = seen.IsNull ? null : LimitEntry.Parse(seen.ToString()).Limit;
            if (before == limit)
            {
                return false;
            }

            var next = new LimitEntry(0, limit);
            var record = new BudgetAuditRecord(default, by, $"limit {name}", Text(name, before), Text(name, limit), reason);
            if (await RunAsync(name, next.Terms, seen.IsNull ? "" : seen, "", AuditTrail.Write(record)))
            {
                await ReadAsync();
                return true;
            }
        }
    }

    /// <summary>Every limit that is set, as the store has it from now on: what it has lost is put back.</summary>
    public async Task<IReadOnlyDictionary<string, BudgetLimit>> ReadAsync()
    {
        var stored = (await store.Database.HashGetAllAsync(store.Keys.Limits))
            .ToDictionary(entry => entry.Name.ToString(), entry => LimitEntry.Parse(entry.Value.ToString()), StringComparer.Ordinal);
        foreach (var (name, entry) in stored)
        {
            _remembered.AddOrUpdate(name, entry, (_, known) => known.Revision > entry.Revision ? known : entry);
        }

        var lost = _remembered.Where(known => (stored.GetValueOrDefault(known.Key)?.Revision ?? 0) < known.Value.Revision).ToList();
        await Task.WhenAll(lost.Select(known => RunAsync(known.Key, known.Value.Terms, "", known.Value.Revision, "")));
        return _remembered.Where(known => known.Value.Limit is not null).ToDictionary(known => known.Key, known => known.Value.Limit!, StringComparer.Ordinal);
    }

    /// <summary>Runs a script that books. Where the store has lost data it books nothing before the limits are put back.</summary>
    public async Task<LedgerReply> BookAsync(Func<Task<LedgerReply>> run, CancellationToken cancellationToken)
    {
        while (true)
        {
            var reply = await run();
            if (reply.Values.Length > 0)
            {
                return reply;
            }

            cancellationToken.ThrowIfCancellationRequested();
            await ReadAsync();
            await store.RunAsync(LedgerScripts.Restored, []);
        }
    }

    /// <summary>Every budget that has a limit, the system first.</summary>
    public async Task<IReadOnlyList<BudgetNode>> NodesAsync()
    {
        var names = (await ReadAsync()).Keys.Where(name => name != BudgetNames.System).Order(StringComparer.Ordinal).Prepend(BudgetNames.System);
        return [.. (await Task.WhenAll(names.Select(name => StandAsync(name)))).OfType<WindowState>().Select(state => state.Node)];
    }

    /// <summary>Where one budget stands; null: it has no limit.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="numbered">Whether the answer is to have a revision above those of all before it.</param>
    public async Task<WindowState?> StandAsync(string name, bool numbered = false)
    {
        var reply = await store.RunAsync(
            LedgerScripts.Node, [store.Keys.Limits, store.Keys.Node(name)], name, numbered ? "1" : "");
        return reply.Values is [var tokens, var money, var window, var buckets, var ends, .. { Length: 6 } sums, var revision]
            ? new WindowState(
                new BudgetNode(
                    name, LimitEntry.Parse($"0 {tokens} {money} {window} {buckets}").Limit!,
                    sums[0] + sums[2], sums[1] + sums[3], sums[4], sums[5]),
                DateTimeOffset.FromUnixTimeMilliseconds(ends), revision)
            : null;
    }

    private async Task<bool> RunAsync(string name, string terms, RedisValue seen, RedisValue remembered, string audit) =>
        (await store.RunAsync(
            LedgerScripts.Limit, [store.Keys.Limits, store.Keys.Node(name), store.Keys.Audit], name, terms, seen, remembered, audit, AuditTrail.Kept))
        .Values is [1];

    private static string? Text(string name, BudgetLimit? limit) =>
        (limit ?? (name == BudgetNames.System ? LimitEntry.Default : null)) is { } set ? JsonSerializer.Serialize(set, WireJson.Types.BudgetLimit) : null;
}

/// <summary>Where a budget's window stands.</summary>
/// <param name="Node">Its limit and amounts.</param>
/// <param name="EndsAt">When its next bucket begins.</param>
/// <param name="Revision">Of this answer, if one was asked for.</param>
internal sealed record WindowState(BudgetNode Node, DateTimeOffset EndsAt, long Revision);
