using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Json;
using Polly;

namespace AspireAgent.Agent.Admission;

/// <summary>One exchange with the ledger; never tried again here, since the next one says it all again.</summary>
internal sealed class BudgetSyncClient(IHttpClientFactory clients, TimeProvider time)
{
    /// <summary>Name of the <see cref="HttpClient"/> to the budget service.</summary>
    public const string HttpClientName = "budget-sync";

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    /// <summary>Tells and asks. A failure is an outcome; only the caller's own cancellation is an exception.</summary>
    public async Task<SyncAnswer> SendAsync(BudgetSync sync, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var client = clients.CreateClient(HttpClientName);
            using var response = await client.PostAsJsonAsync("/v1/budget/sync", sync, WireJson.Types.BudgetSync, either.Token);
            if (response.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge)
            {
                return new SyncAnswer(SyncOutcome.Refused);
            }

            response.EnsureSuccessStatusCode();
            var reply = await response.Content.ReadFromJsonAsync(WireJson.Tolerant.BudgetSyncReply, either.Token);
            return reply is null ? new SyncAnswer(SyncOutcome.Failed, Why: "no answer") : new SyncAnswer(SyncOutcome.Heard, reply);
        }
        catch (Exception exception) when (exception is HttpRequestException or ExecutionRejectedException or JsonException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return new SyncAnswer(SyncOutcome.Failed, Why: exception.GetType().Name);
        }
    }
}

/// <summary>What came of an exchange.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reply">What the ledger says, if it has heard.</param>
/// <param name="Why">The kind of failure.</param>
internal sealed record SyncAnswer(SyncOutcome Outcome, BudgetSyncReply? Reply = null, string? Why = null);

/// <summary>How an exchange with the ledger ends.</summary>
internal enum SyncOutcome
{
    /// <summary>It has heard and answered.</summary>
    Heard,

    /// <summary>It finds something in it wrong, and will the next time.</summary>
    Refused,

    /// <summary>It may have heard or not.</summary>
    Failed,
}
