namespace AspireAgent.Simulator;

/// <summary>A simulated model: its tempo and its price. Times are log-normal around a median.</summary>
/// <param name="Name">Name on the wire.</param>
/// <param name="FirstToken">Median time to the first token.</param>
/// <param name="FirstTokenSigma">Sigma of its logarithm.</param>
/// <param name="TokensPerSecond">Median rate after the first token.</param>
/// <param name="RateSigma">Sigma of the logarithm of each gap.</param>
/// <param name="InputUsdPerMillion">Price of a million input tokens; USD.</param>
/// <param name="OutputUsdPerMillion">Price of a million output tokens; USD.</param>
/// <param name="Prefill">Whether a last message of the assistant is continued; without it a new answer begins.</param>
internal sealed record ModelProfile(
    string Name, TimeSpan FirstToken, double FirstTokenSigma, double TokensPerSecond, double RateSigma,
    double InputUsdPerMillion, double OutputUsdPerMillion, bool Prefill)
{
    public static IReadOnlyList<ModelProfile> All { get; } =
    [
        new("sim-large", TimeSpan.FromMilliseconds(350), 0.25, 60, 0.35, 2.5, 10, Prefill: true),
        new("sim-small", TimeSpan.FromMilliseconds(120), 0.20, 150, 0.30, 0.15, 0.6, Prefill: true),
        new("sim-noprefill", TimeSpan.FromMilliseconds(180), 0.20, 120, 0.30, 0.3, 1.2, Prefill: false),
    ];

    public static ModelProfile? Find(string? name) => All.FirstOrDefault(model => model.Name == name);
}
