using System.Text.Json;
using AspireAgent.Budget.Ledger;
using AspireAgent.Budget.Limits;
using AspireAgent.Contracts.Budget;
using StackExchange.Redis;

namespace AspireAgent.Budget.Usage;

/// <summary>What was used, by hour, tenant, tier and model.</summary>
internal sealed class UsageBook(LedgerStore store)
{
    /// <summary>How long an hour is kept.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromDays(35);

    private static readonly TimeSpan UseKnown = TimeSpan.FromDays(1);

    // What of an account and model a field counts. The rest of the field is ["tenant","tier","model"].
    private const char Turns = 't';
    private const char Input = 'i';
    private const char Output = 'o';
    private const char Money = 'm';

    /// <summary>Books a use, once, into the windows of now and the hour of <paramref name="now"/>.</summary>
    public Task<LedgerReply> BookAsync(BudgetUse use, DateTimeOffset now)
    {
        var keys = store.Keys;
        return store.RunAsync(
            LedgerScripts.Use,
            [keys.Limits, keys.Use(use.Id), .. keys.Chain(use.Tier, use.Tenant), keys.Usage(now)],
            [
                BudgetNames.Tier(use.Tier), BudgetNames.Tenant(use.Tenant),
                use.Models.Sum(model => model.InputTokens + model.OutputTokens), use.Models.Sum(model => model.MicroUsd),
                (long)UseKnown.TotalSeconds, (long)(Kept + TimeSpan.FromHours(1)).TotalSeconds, .. Fields(use),
            ]);
    }

    /// <summary>The ledger's time.</summary>
    public async Task<DateTimeOffset> NowAsync() => (await store.RunAsync(LedgerScripts.Now, [])).Now;

    /// <summary>Usage of the hours that overlap a span, the oldest first; a null matches all.</summary>
    public async Task<UsageReport> ReadAsync(
        DateTimeOffset from, DateTimeOffset to, string? tenant, string? tier, string? model, CancellationToken cancellationToken)
    {
        var hours = new List<DateTimeOffset>();
        for (var hour = Hour(from); hour < to; hour = hour.AddHours(1))
        {
            hours.Add(hour);
        }

        var hashes = await Task.WhenAll(hours.Select(hour => store.Database.HashGetAllAsync(store.Keys.Usage(hour)))).WaitAsync(cancellationToken);
        return new UsageReport(
        [
            .. hours.Zip(hashes).SelectMany(hour => Records(hour.First, hour.Second)).Where(record =>
                (tenant is null || record.Tenant == tenant) && (tier is null || record.Tier == tier) && (model is null || record.Model == model)),
        ]);
    }

    private static IEnumerable<RedisValue> Fields(BudgetUse use) => use.Models.GroupBy(model => model.Model).SelectMany(group =>
    {
        var name = JsonSerializer.Serialize<string[]>([use.Tenant, use.Tier, group.Key]);
        return (RedisValue[])
        [
            Turns + name, 1,
            Input + name, group.Sum(model => model.InputTokens),
            Output + name, group.Sum(model => model.OutputTokens),
            Money + name, group.Sum(model => model.MicroUsd),
        ];
    });

    private static IEnumerable<UsageRecord> Records(DateTimeOffset hour, HashEntry[] fields) => fields
        .GroupBy(field => field.Name.ToString()[1..], StringComparer.Ordinal)
        .Select(group =>
        {
            var names = JsonSerializer.Deserialize<string[]>(group.Key)!;
            long Of(char kind) => group.Where(field => field.Name.ToString()[0] == kind).Sum(field => (long)field.Value);
            return new UsageRecord(hour, names[0], names[1], names[2], Of(Turns), Of(Input), Of(Output), Of(Money));
        })
        .OrderBy(record => (record.Tenant, record.Tier, record.Model));

    private static DateTimeOffset Hour(DateTimeOffset at) => new(at.UtcDateTime.Date.AddHours(at.UtcDateTime.Hour), TimeSpan.Zero);
}
