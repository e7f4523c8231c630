using System.Collections.Concurrent;
using System.Diagnostics;
using AspireAgent.Agent.Models;
using Microsoft.Extensions.AI;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace AspireAgent.Agent.Tests.Models.Clients;

public class RouteSpansTests
{
    private const string Secret = "the prompt that nobody may see";

    [Theory]
    [InlineData(ModelKind.OpenAi, true)]
    [InlineData(ModelKind.OpenAi, false)]
    [InlineData(ModelKind.Ollama, true)]
    public async Task Span_OfARefusedCall_IsAnErrorWithoutTheVendorsWords(ModelKind kind, bool streamed)
    {
        await using var vendor = await Vendor.StartAsync();
        using var spans = new Spans(vendor);
        await using var route = RouteHarness.For(vendor, kind, tracing: spans.Watch);

        var calling = route.CallAsync(streamed, new ChatMessage(ChatRole.User, Secret));
        await (await vendor.NextAsync()).RefuseAsync(400, text: $$$"""{"error":{"message":"I will not answer '{{{Secret}}}'."}}""");
        await Assert.ThrowsAnyAsync<Exception>(() => calling);

        var span = Assert.Single(spans.Ended);
        Assert.Equal((ActivityStatusCode.Error, null), (span.Status, span.StatusDescription));
        Assert.NotNull(span.GetTagItem("error.type"));
        Assert.Empty(span.Events);
        Assert.DoesNotContain(span.TagObjects, tag => $"{tag.Value}".Contains(Secret, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ModelKind.OpenAi)]
    [InlineData(ModelKind.Ollama)]
    public async Task Span_OfACancelledCall_IsNoError(ModelKind kind)
    {
        await using var vendor = await Vendor.StartAsync();
        using var spans = new Spans(vendor);
        await using var route = RouteHarness.For(vendor, kind, tracing: spans.Watch);
        using var user = new CancellationTokenSource();

        var calling = route.Client.GetStreamingResponseAsync([new(ChatRole.User, "Say it.")], null, user.Token).ToChatResponseAsync(user.Token);
        await vendor.NextAsync();
        await user.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => calling);

        var span = Assert.Single(spans.Ended);
        Assert.Equal((ActivityStatusCode.Unset, null), (span.Status, span.StatusDescription));
        Assert.Null(span.GetTagItem("error.type"));
    }

    /// <summary>What an exporter would be given of the calls of one vendor; sources of spans are the process's.</summary>
    private sealed class Spans(Vendor vendor) : BaseProcessor<Activity>
    {
        private readonly ConcurrentQueue<Activity> _ended = [];

        public IReadOnlyCollection<Activity> Ended => _ended;

        public void Watch(TracerProviderBuilder tracing) => tracing.AddProcessor(this);

        public override void OnEnd(Activity data)
        {
            if (data.Source.Name == "Experimental.Microsoft.Extensions.AI" && Equals(data.GetTagItem("server.port"), vendor.Address.Port))
            {
                _ended.Enqueue(data);
            }
        }
    }
}
