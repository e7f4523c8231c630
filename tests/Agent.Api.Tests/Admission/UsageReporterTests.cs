using System.Net;
using System.Threading.Channels;
using AspireAgent.Agent.Admission;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Polly.CircuitBreaker;

namespace AspireAgent.Agent.Tests.Admission;

public sealed class UsageReporterTests : IHttpClientFactory
{
    private readonly Budget _budget = new();

    [Fact]
    public async Task Report_ServiceDown_IsToldAgainInOrderUntilItHears()
    {
        var time = new FakeTimeProvider();
        using var reporter = new UsageReporter(this, time, NullLogger<UsageReporter>.Instance);
        _budget.Answers.Enqueue(() => throw new BrokenCircuitException());
        _budget.Answers.Enqueue(() => throw new HttpRequestException());
        _budget.Answers.Enqueue(() => HttpStatusCode.ServiceUnavailable);
        await reporter.StartAsync(default);
        reporter.Report("a", 1);
        reporter.Report("b", 2);

        for (var failure = 0; failure < 3; failure++)
        {
            Assert.Contains("\"a\"", await _budget.Heard.Reader.ReadAsync(), StringComparison.Ordinal);
            await AdvanceUntilHeardAsync(time);
        }

        Assert.Contains("\"a\"", await _budget.Heard.Reader.ReadAsync(), StringComparison.Ordinal);
        Assert.Contains("\"b\"", await _budget.Heard.Reader.ReadAsync(), StringComparison.Ordinal);
        await reporter.StopAsync(default);
    }

    [Fact]
    public async Task Report_RefusedForGood_DoesNotBlockTheNext()
    {
        using var reporter = new UsageReporter(this, new FakeTimeProvider(), NullLogger<UsageReporter>.Instance);
        _budget.Answers.Enqueue(() => HttpStatusCode.BadRequest);
        reporter.Report("a", 1);
        reporter.Report("b", 2);

        await reporter.StartAsync(default);

        Assert.Contains("\"a\"", await _budget.Heard.Reader.ReadAsync(), StringComparison.Ordinal);
        Assert.Contains("\"b\"", await _budget.Heard.Reader.ReadAsync(), StringComparison.Ordinal);
        await reporter.StopAsync(default);
    }

    public HttpClient CreateClient(string name) => new(_budget, disposeHandler: false) { BaseAddress = new Uri("http://budget") };

    // The reporter may not have come to its pause yet when the clock is moved.
    private async Task AdvanceUntilHeardAsync(FakeTimeProvider time)
    {
        var heard = _budget.Heard.Reader.WaitToReadAsync().AsTask();
        while (!heard.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }
    }

    private sealed class Budget : HttpMessageHandler
    {
        public Queue<Func<HttpStatusCode>> Answers { get; } = new();

        public Channel<string> Heard { get; } = Channel.CreateUnbounded<string>();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var body = await request.Content!.ReadAsStringAsync(cancellationToken);
            var answer = Answers.TryDequeue(out var next) ? next : () => HttpStatusCode.OK;
            await Heard.Writer.WriteAsync(body, cancellationToken);
            return new HttpResponseMessage(answer());
        }
    }
}
