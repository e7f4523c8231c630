using System.Reactive.Linq;
using System.Threading.Channels;
using AspireAgent.Agent.Models.Plans;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Models.Plans;

/// <summary>
/// What a plan or route tells, as text: <c>a&gt;b timeout Fallback</c> for a hop, <c>b: text</c>, and in the end <c>end</c> or the error's message.
/// </summary>
internal sealed class Telling : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly Channel<string> _told = Channel.CreateUnbounded<string>();
    private readonly IDisposable _subscription;

    public Telling(IObservable<Spoken> source)
        : this(source.SelectMany(spoken => spoken.Hops.Select(hop => $"{hop.From}>{hop.To} {hop.Why} {hop.How}").Concat(Words(spoken.Route.Name, spoken.Update))))
    {
    }

    public Telling(IObservable<ChatResponseUpdate> source, string route)
        : this(source.SelectMany(update => Words(route, update)))
    {
    }

    private Telling(IObservable<string> source) => _subscription = source.Subscribe(
        told => _told.Writer.TryWrite(told),
        error =>
        {
            Error = error;
            _told.Writer.TryWrite(error.Message);
            _told.Writer.Complete();
        },
        () =>
        {
            _told.Writer.TryWrite("end");
            _told.Writer.Complete();
        });

    public Exception? Error { get; private set; }

    /// <summary>Whether something was told that the test has not read.</summary>
    public bool HasMore => _told.Reader.Count > 0;

    public async Task<string> NextAsync() => await _told.Reader.ReadAsync().AsTask().WaitAsync(Limit);

    /// <summary>All that is still to come, the end included.</summary>
    public async Task<IReadOnlyList<string>> AllAsync()
    {
        using var limit = new CancellationTokenSource(Limit);
        return await _told.Reader.ReadAllAsync(limit.Token).ToListAsync(limit.Token);
    }

    /// <summary>Lets go of it, as a stop does.</summary>
    public void Dispose() => _subscription.Dispose();

    private static IEnumerable<string> Words(string route, ChatResponseUpdate update) => update.Text.Length > 0 ? [$"{route}: {update.Text}"] : [];
}
