using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;

namespace AspireAgent.Contracts.Budget;

/// <summary>What may be used in a window: tokens, money, or both; at least one of them.</summary>
/// <param name="LimitTokens">Tokens; null: any.</param>
/// <param name="LimitMicroUsd">Millionths of a US dollar; null: any.</param>
/// <param name="WindowSeconds">Length of the window.</param>
/// <param name="Window">Its kind.</param>
public sealed record BudgetLimit(
    [property: Range(1, 1_000_000_000_000)] long? LimitTokens = null,
    [property: Range(1, 1_000_000_000_000)] long? LimitMicroUsd = null,
    [property: Range(1, 86_400)] int WindowSeconds = 60,
    BudgetWindow Window = BudgetWindow.Fixed) : IValidatableObject
{
    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (LimitTokens is null && LimitMicroUsd is null)
        {
            yield return new ValidationResult("Say limitTokens, limitMicroUsd or both.", [nameof(LimitTokens)]);
        }
    }
}

/// <summary>Kinds of windows.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<BudgetWindow>))]
public enum BudgetWindow
{
    /// <summary>One after the other, each from a multiple of its length on.</summary>
    [JsonStringEnumMemberName("fixed")] Fixed,

    /// <summary>Any span of the window's length, to a twelfth: never more than the limit in any of them.</summary>
    [JsonStringEnumMemberName("sliding")] Sliding,
}

/// <summary>A budget of the tree, with where its window stands.</summary>
/// <param name="Name"><c>system</c>, <c>tier/</c> and a tier, or <c>tenant/</c> and a tenant.</param>
/// <param name="Limit">What may be used.</param>
/// <param name="GrantedTokens">Tokens given away in the window.</param>
/// <param name="GrantedMicroUsd">Money given away in the window.</param>
/// <param name="UsedTokens">Tokens that answers have used in the window.</param>
/// <param name="UsedMicroUsd">Money that answers have used in the window.</param>
public sealed record BudgetNode(
    string Name, BudgetLimit Limit, long GrantedTokens, long GrantedMicroUsd, long UsedTokens, long UsedMicroUsd);
