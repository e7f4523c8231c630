namespace AspireAgent.Agent.Tests.Cancellation;

/// <summary>What ends a turn before its time.</summary>
public enum Cause
{
    /// <summary>The user stops it.</summary>
    Stop,

    /// <summary>The user says something else.</summary>
    BargeIn,

    /// <summary>The client goes, and the policy is to cancel then.</summary>
    ClientGone,

    /// <summary>The pod is drained, and its time is over.</summary>
    HardDrain,
}
