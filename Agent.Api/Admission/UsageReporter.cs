using System.Net;
using System.Net.Http.Json;
using System.Threading.Channels;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Json;
using Polly;

namespace AspireAgent.Agent.Admission;

/// <summary>
/// Tells the budget service what each turn used, in the background and until it has heard; the turn's id makes a repeat
/// harmless. Nothing is dropped while the process lives.
/// </summary>
internal sealed partial class UsageReporter(IHttpClientFactory clients, TimeProvider time, ILogger<UsageReporter> logger) : BackgroundService
{
    /// <summary>Name of the <see cref="HttpClient"/> to the budget service.</summary>
    public const string HttpClientName = "budget";

    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly Channel<BudgetUse> _uses = Channel.CreateUnbounded<BudgetUse>(new() { SingleReader = true });

    public void Report(string turn, long tokens) => _uses.Writer.TryWrite(new BudgetUse(turn, tokens));

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (await _uses.Reader.WaitToReadAsync(stoppingToken))
            {
                await TellAllAsync(stoppingToken);
                await Task.Delay(RetryAfter, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await TellAllAsync(CancellationToken.None);
        }
    }

    // Until the service does not hear: what it has not heard stays first in the line.
    private async Task TellAllAsync(CancellationToken cancellationToken)
    {
        while (_uses.Reader.TryPeek(out var use) && await TellAsync(use, cancellationToken))
        {
            _uses.Reader.TryRead(out _);
        }
    }

    private async Task<bool> TellAsync(BudgetUse use, CancellationToken cancellationToken)
    {
        try
        {
            using var client = clients.CreateClient(HttpClientName);
            using var response = await client.PostAsJsonAsync("/v1/budget/uses", use, WireJson.Types.BudgetUse, cancellationToken);
            if (response.StatusCode is HttpStatusCode.BadRequest)
            {
                LogRefused(use.Turn, use.Tokens); // it will not be right the next time either
                return true;
            }

            response.EnsureSuccessStatusCode();
            return true;
        }
        catch (Exception exception) when (exception is HttpRequestException or ExecutionRejectedException
            || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogUnheard(exception.GetType().Name);
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The budget service refused the use of turn {Turn}: {Tokens} tokens.")]
    private partial void LogRefused(string turn, long tokens);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The budget service could not be told of a turn's use ({Reason}); trying again.")]
    private partial void LogUnheard(string reason);
}
