using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace AspireAgent.AppHost.Tests.Budget;

/// <summary>A client's call, as it was answered.</summary>
/// <param name="Number">Its own; the question begins with it, so that it is known again at the vendor.</param>
/// <param name="IsVip">Whose key it bears.</param>
/// <param name="Cap">The answer's, in tokens.</param>
/// <param name="AskedAt">When it was sent.</param>
/// <param name="EndedAt">When its answer had been read.</param>
/// <param name="Status">The answer's; 0: the connection broke.</param>
/// <param name="RetryAfter">In seconds, where it was said.</param>
/// <param name="Error">What went wrong, if anything has.</param>
internal sealed record BudgetCall(
    int Number, bool IsVip, int Cap, DateTimeOffset AskedAt, DateTimeOffset EndedAt, int Status, int? RetryAfter, string? Error)
{
    public bool IsAdmitted => Status == 200;

    public bool IsRefused => Status == 429;

    public static async Task<BudgetCall> AskAsync(HttpClient gateway, int number, bool isVip, Random random)
    {
        var (cap, stream) = (random.Next(20, 120), random.Next(2) == 0);
        var text = $"#{number} {string.Join(' ', Enumerable.Range(0, random.Next(5, 150)).Select(_ => Words[random.Next(Words.Length)]))}?";
        var asked = DateTimeOffset.UtcNow;
        try
        {
            using var response = await gateway.PostAsJsonAsync(
                "/v1/chat/completions",
                new { model = "agent", stream, max_tokens = cap, messages = new[] { new { role = "user", content = text } } });
            var body = await response.Content.ReadAsStringAsync();
            var error = !response.IsSuccessStatusCode ? (string?)JsonNode.Parse(body)?["error"]?["code"] ?? body
                : stream && !body.Contains("[DONE]", StringComparison.Ordinal) ? body[Math.Max(0, body.Length - 200)..]
                : null;
            return new BudgetCall(
                number, isVip, cap, asked, DateTimeOffset.UtcNow, (int)response.StatusCode, (int?)response.Headers.RetryAfter?.Delta?.TotalSeconds, error);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            return new BudgetCall(number, isVip, cap, asked, DateTimeOffset.UtcNow, 0, null, exception.Message);
        }
    }

    /// <summary>The number of a question that a vendor was asked.</summary>
    public static int NumberOf(string question) => int.Parse(question.AsSpan(1, question.IndexOf(' ', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture);

    private static readonly string[] Words =
        ["circuit", "budget", "window", "lease", "signal", "pod", "why", "does", "the", "a", "token", "hold", "return", "after", "crash", "when"];
}
