using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace AspireAgent.AppHost.Tests.Budget;

/// <summary>A request as the vendor counted it.</summary>
/// <param name="Number">Of the call behind it.</param>
/// <param name="StartedAt">When it came.</param>
/// <param name="InputTokens">Of the prompt.</param>
/// <param name="OutputTokens">Sent.</param>
/// <param name="Messages">Of the prompt: the vendor counts three tokens more for each, and for the answer.</param>
internal sealed record BudgetVendorRequest(int Number, DateTimeOffset StartedAt, long InputTokens, long OutputTokens, int Messages)
{
    public long Tokens => InputTokens + OutputTokens;

    /// <summary>What a count of the texts alone lacks.</summary>
    public int Unseen => 3 * (Messages + 1);

    /// <summary>All that the vendor has been asked.</summary>
    public static async Task<IReadOnlyList<BudgetVendorRequest>> AllAsync(SystemFixture system)
    {
        using var model = system.Model();
        return [.. (await model.GetFromJsonAsync<List<JsonObject>>("/admin/requests"))!.Select(Read)];
    }

    private static BudgetVendorRequest Read(JsonObject request)
    {
        var messages = request["messages"]!.AsArray();
        var question = (string)messages.Last(message => (string)message!["role"]! == "user")!["content"]!;
        return new BudgetVendorRequest(
            BudgetCall.NumberOf(question), (DateTimeOffset)request["startedAt"]!, (long)request["inputTokens"]!, (long)request["outputTokens"]!, messages.Count);
    }
}
