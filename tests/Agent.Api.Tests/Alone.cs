namespace AspireAgent.Agent.Tests;

/// <summary>Tests that load the machine, or judge by real time: each runs by itself, after the others.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
