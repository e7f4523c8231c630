using System.Reflection;
using System.Text.Json;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Json;

namespace AspireAgent.Contracts.Tests;

public sealed class OptionalMembersTests
{
    [Fact]
    public void BudgetStatus_WithoutABaseline_ReadsWhatItWrites()
    {
        var status = new BudgetStatus(100, 40, DateTimeOffset.UnixEpoch, 60, new BurnRate(12.5, null));

        var json = JsonSerializer.Serialize(status, WireJson.Types.BudgetStatus);

        Assert.Equal(status, JsonSerializer.Deserialize(json, WireJson.Tolerant.BudgetStatus));
    }

    // What is null is not written, and a member that is not there is refused unless it has a default.
    [Fact]
    public void Members_ThatMayBeNull_MayBeLeftOut()
    {
        var nullability = new NullabilityInfoContext();

        Assert.Empty(
            from type in typeof(WireJson).Assembly.GetExportedTypes()
            where type.IsClass && WireJson.Types.GetTypeInfo(type) is not null
            from constructor in type.GetConstructors()
            from parameter in constructor.GetParameters()
            where nullability.Create(parameter).WriteState is NullabilityState.Nullable && !parameter.HasDefaultValue
            select $"{type.Name}.{parameter.Name}");
    }
}
