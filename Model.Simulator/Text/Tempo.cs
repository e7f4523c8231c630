using Microsoft.Extensions.Options;

namespace AspireAgent.Simulator.Text;

/// <summary>How long a model takes: log-normal waits, drawn with the request's own randomness.</summary>
internal sealed class Tempo(IOptions<SimulatorOptions> options, TimeProvider time)
{
    /// <summary>Waits as long as the model thinks before its first token.</summary>
    public Task BeforeFirstTokenAsync(ModelProfile model, Random random, CancellationToken cancellationToken) =>
        WaitAsync(model.FirstToken * LogNormal(random, model.FirstTokenSigma), cancellationToken);

    /// <summary>Waits as long as it takes for one more token.</summary>
    public Task BeforeTokenAsync(ModelProfile model, Random random, CancellationToken cancellationToken) =>
        WaitAsync(TimeSpan.FromSeconds(LogNormal(random, model.RateSigma) / model.TokensPerSecond), cancellationToken);

    /// <summary>Waits for a fault; faults are real time, however fast the models are.</summary>
    public Task ForFaultAsync(TimeSpan wait, CancellationToken cancellationToken) => Task.Delay(wait, time, cancellationToken);

    private async Task WaitAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        if (options.Value.Speed > 0)
        {
            await Task.Delay(wait / options.Value.Speed, time, cancellationToken);
        }
    }

    // Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958.
    private static double LogNormal(Random random, double sigma) =>
        Math.Exp(sigma * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
}
