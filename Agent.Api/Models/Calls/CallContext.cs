using AspireAgent.Contracts.Config;

namespace AspireAgent.Agent.Models.Calls;

/// <summary>What a turn offers the calls that are made for it.</summary>
/// <param name="Knobs">The guards' thresholds; replays.</param>
/// <param name="Room">Awaited before each pull of the model.</param>
/// <param name="Asked">Told of each call that is made: the vendor charges its prompt, whatever becomes of it.</param>
/// <param name="Free">Told of each of them that the vendor did not charge after all.</param>
internal sealed record CallContext(
    IObservable<LiveKnobs> Knobs, Func<CancellationToken, ValueTask> Room, Action<ModelRequest> Asked, Action<ModelRequest> Free);
