using AspireAgent.Contracts.Instances;

namespace AspireAgent.ServiceDefaults.Draining;

/// <summary>What an instance does to get rid of its work.</summary>
public interface IDrainWork
{
    /// <summary>
    /// Moves or closes everything: gently until <see cref="DrainStatus.HardAt"/>, then by force. Completes when nothing is left.
    /// </summary>
    /// <param name="drain">Until when.</param>
    /// <param name="isTerminating">Whether the process was told to end, and should as soon as it can.</param>
    /// <param name="undrained">Cancelled when the order is taken back; what has gone is gone.</param>
    Task DrainAsync(DrainStatus drain, bool isTerminating, CancellationToken undrained);
}
