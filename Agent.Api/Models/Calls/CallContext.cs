using AspireAgent.Contracts.Config;

namespace AspireAgent.Agent.Models.Calls;

/// <summary>What a turn offers the calls that are made for it.</summary>
/// <param name="Knobs">The guards' thresholds; replays.</param>
/// <param name="Room">Awaited before each pull of the model.</param>
/// <param name="Unheard">Told of each call that was given up before its first word: the vendor may charge its prompt.</param>
internal sealed record CallContext(IObservable<LiveKnobs> Knobs, Func<CancellationToken, ValueTask> Room, Action<ModelRequest> Unheard);
