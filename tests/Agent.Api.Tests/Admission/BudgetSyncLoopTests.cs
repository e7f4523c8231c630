using System.Net;
using System.Net.Http.Json;
using AspireAgent.Agent.Admission;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Json;
using AspireAgent.Testing;
using Microsoft.Extensions.Logging.Testing;
using Polly.CircuitBreaker;

namespace AspireAgent.Agent.Tests.Admission;

public sealed class BudgetSyncLoopTests : IHttpClientFactory, IDisposable
{
    private readonly AdmissionBed _bed = new();
    private readonly ProducedTokens _produced = new();
    private readonly FakeLogger<BudgetSyncLoop> _logger = new();
    private readonly Service _service;
    private readonly BudgetSyncLoop _loop;

    public BudgetSyncLoopTests()
    {
        _service = new Service(_bed);
        _loop = new BudgetSyncLoop(
            "pod", _bed.Leases, _produced, new FakeSignal<BudgetStatus>(new BudgetStatus(10_000, 0, DateTimeOffset.MaxValue)),
            new BudgetSyncClient(this, _bed.Time), _bed.Bell, _bed.Time, static () => 0.5, _bed.Metrics, _logger);
    }

    public void Dispose()
    {
        _loop.Dispose();
        _service.Dispose();
        _bed.Dispose();
    }

    public HttpClient CreateClient(string name) => new(_service, disposeHandler: false) { BaseAddress = new Uri("http://budget") };

    [Fact]
    public async Task Loop_SomebodyWaits_IsAnsweredBeforeAnyTick()
    {
        await _loop.StartAsync(default);

        var decision = await _bed.Admit(100).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.True(decision.IsAdmitted);
        Assert.StartsWith("pod/", _bed.Ledger.Heard[^1].Owner, StringComparison.Ordinal);
        await StopAsync();
        Assert.Equal(100, _bed.Ledger.Granted());
    }

    [Fact]
    public async Task Loop_NothingHappens_AsksOnceThatTheWayIsKnown()
    {
        await _loop.StartAsync(default);

        await RunAsync(seconds: 10);

        Assert.Empty(Assert.Single(_bed.Ledger.Heard).Leases);
        await StopAsync();
        Assert.Single(_bed.Ledger.Heard);
    }

    [Fact]
    public async Task Loop_LeaseIsIdle_IsTakenBackAndThenThereIsQuiet()
    {
        await _loop.StartAsync(default);
        (await _bed.Admit(100).WaitAsync(TimeSpan.FromSeconds(30))).Reservation.Settle(AdmissionBed.Cost(40));

        await UntilAsync(() => _bed.Ledger.Granted() == 40);
        var heard = _bed.Ledger.Heard.Count;
        await RunAsync(seconds: 10);

        Assert.InRange(_bed.Ledger.Heard.Count, heard, heard + 1);
        await StopAsync();
    }

    [Fact]
    public async Task Loop_LooksLateAfterAWindowsEnd_AsksForTheNextAllTheSame()
    {
        _bed.Wait(59.5);
        await _loop.StartAsync(default);
        (await _bed.Admit(100).WaitAsync(TimeSpan.FromSeconds(30))).Reservation.Settle(AdmissionBed.Cost(40));

        _bed.Wait(1);
        var next = _bed.Admit(100);
        await UntilAsync(() => next.IsCompleted);

        Assert.True((await next).IsAdmitted);
        await StopAsync();
    }

    [Fact]
    public async Task Loop_TokensAreProduced_AreToldAsATotal()
    {
        await _loop.StartAsync(default);
        _produced.Produced(3);
        await UntilAsync(() => _bed.Ledger.Heard is [.., { ProducedTokens: 3 }]);
        _produced.Produced(4);
        await UntilAsync(() => _bed.Ledger.Heard is [.., { ProducedTokens: 7 }]);
        await StopAsync();
    }

    [Fact]
    public async Task Report_ServiceDown_IsToldUntilItHears()
    {
        _service.Answers.Enqueue(() => throw new BrokenCircuitException());
        _service.Answers.Enqueue(() => throw new HttpRequestException());
        _service.Answers.Enqueue(() => HttpStatusCode.ServiceUnavailable);
        _service.Answers.Enqueue(() => HttpStatusCode.Unauthorized);
        await _loop.StartAsync(default);
        _loop.Report(Use("a"));
        _loop.Report(Use("b"));

        await UntilAsync(() => _bed.Leases.IsDown);
        Assert.False((await _bed.Admit(1)).IsAdmitted);
        await UntilAsync(() => _bed.Ledger.Uses.Count == 2);

        await UntilAsync(() => !_bed.Leases.IsDown);
        Assert.True((await _bed.Admit(1).WaitAsync(TimeSpan.FromSeconds(30))).IsAdmitted);
        await StopAsync();
    }

    [Fact]
    public async Task Loop_ServiceDownAndNothingToSay_FindsOutThatItIsBack()
    {
        _service.Answers.Enqueue(() => throw new HttpRequestException());
        await _loop.StartAsync(default);

        Assert.False((await _bed.Admit(1).WaitAsync(TimeSpan.FromSeconds(30))).IsAdmitted);

        await UntilAsync(() => !_bed.Leases.IsDown);
        await StopAsync();
    }

    [Fact]
    public async Task Report_OneOfManyIsRefused_OnlyThatOneIsLost()
    {
        _service.Refused = "bad";
        for (var i = 0; i < 300; i++)
        {
            _loop.Report(Use(i == 123 ? "bad" : $"use-{i}"));
        }

        await _loop.StartAsync(default);
        await UntilAsync(() => _bed.Ledger.Uses.Count == 299);

        Assert.DoesNotContain("bad", _bed.Ledger.Uses);
        Assert.All(_bed.Ledger.Heard, sync => Assert.InRange(sync.Uses.Count, 0, 256));
        Assert.Equal("The budget service refused the use bad.", Assert.Single(_logger.Collector.GetSnapshot()).Message);
        await StopAsync();
    }

    [Fact]
    public async Task Loop_ALeaseIsRefused_TheOthersAreServed()
    {
        _service.Refused = "wrong tenant";
        await _loop.StartAsync(default);
        var wrong = _bed.Admit(10, account: new("wrong tenant", "standard"));
        var right = _bed.Admit(10);

        await UntilAsync(() => wrong.IsCompleted && right.IsCompleted);

        Assert.False((await wrong).IsAdmitted);
        await StopAsync();
    }

    [Fact]
    public async Task Stop_LeasesInHandAndUsesUntold_AreToldAtTheEnd()
    {
        await _loop.StartAsync(default);
        (await _bed.Admit(1_000).WaitAsync(TimeSpan.FromSeconds(30))).Reservation.Settle(AdmissionBed.Cost(10));
        _loop.Report(Use("last"));
        _produced.Produced(5);

        await StopAsync();

        Assert.Equal(10, _bed.Ledger.Granted());
        Assert.Contains("last", _bed.Ledger.Uses);
        Assert.Equal(5, _bed.Ledger.Heard[^1].ProducedTokens);
    }

    [Fact]
    public async Task Stop_ServiceDown_GivesUpAfterAWhileAndSaysWhatIsLost()
    {
        _service.IsDown = true;
        await _loop.StartAsync(default);
        _loop.Report(Use("lost"));
        await UntilAsync(() => _bed.Leases.IsDown);

        var stopped = _loop.StopAsync(default);
        await UntilAsync(() => stopped.IsCompleted);

        Assert.Equal(
            "The process ends before the budget service has heard of the last 1 uses.", _logger.Collector.LatestRecord.Message);
    }

    private static BudgetUse Use(string id) => new(id, "acme", "standard", [new ModelUse("m", 1, 2, 3)]);

    private async Task StopAsync()
    {
        var stopped = _loop.StopAsync(default);
        await UntilAsync(() => stopped.IsCompleted);
        await stopped;
    }

    // The loop may not have come to its pause yet when the clock is moved: the clock goes on until it has.
    private Task UntilAsync(Func<bool> isSo) => Poll.UntilAsync(
        () =>
        {
            _bed.Wait(0.05);
            return isSo();
        },
        "the loop");

    private async Task RunAsync(int seconds)
    {
        for (var i = 0; i < seconds * 20; i++)
        {
            _bed.Wait(0.05);
            await Task.Yield();
        }
    }

    private sealed class Service(AdmissionBed bed) : HttpMessageHandler
    {
        public Queue<Func<HttpStatusCode>> Answers { get; } = new();

        public string? Refused { get; set; }

        public bool IsDown { get; set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var sync = (await request.Content!.ReadFromJsonAsync(WireJson.Types.BudgetSync, cancellationToken))!;
            var status = IsDown ? throw new HttpRequestException()
                : Answers.TryDequeue(out var next) ? next()
                : sync.Uses.Any(use => use.Id == Refused) || sync.Leases.Any(lease => lease.Tenant == Refused) ? HttpStatusCode.BadRequest
                : HttpStatusCode.OK;
            return status is HttpStatusCode.OK
                ? new HttpResponseMessage(status) { Content = JsonContent.Create(bed.Ledger.Sync(sync), WireJson.Types.BudgetSyncReply) }
                : new HttpResponseMessage(status);
        }
    }
}
