namespace AspireAgent.Agent.Admission;

/// <summary>Counts the tokens that answers consume and produce, as they come: the ledger takes the burn velocity of it.</summary>
internal sealed class ProducedTokens
{
    private long _total;

    /// <summary>Since this process began.</summary>
    public long Total => Volatile.Read(ref _total);

    public void Produced(long tokens) => Interlocked.Add(ref _total, tokens);
}
