using AspireAgent.Simulator.Faults;

namespace AspireAgent.Simulator.Text;

/// <summary>The waits between the tokens of one answer, and the faults that strike there.</summary>
internal sealed class Pace(Tempo tempo, ModelProfile model, Fault fault, Random random)
{
    /// <summary>Strikes if the time is there, after so many tokens.</summary>
    /// <exception cref="ConnectionCutException">It is time to break the connection.</exception>
    public async Task StrikeAsync(int tokens, CancellationToken cancellationToken)
    {
        if (fault.Cut == tokens)
        {
            throw new ConnectionCutException();
        }

        if (fault.Stall == tokens)
        {
            await tempo.ForFaultAsync(Timeout.InfiniteTimeSpan, cancellationToken);
        }
    }

    /// <summary>Waits as long as it takes for token <paramref name="i"/>, if it is not the first: that one's wait is another.</summary>
    public Task BeforeTokenAsync(int i, CancellationToken cancellationToken) =>
        fault.Drip is { } drip ? tempo.ForFaultAsync(TimeSpan.FromMilliseconds(drip), cancellationToken)
        : i > 0 ? tempo.BeforeTokenAsync(model, random, cancellationToken)
        : Task.CompletedTask;
}
