namespace AspireAgent.Agent.Admission.Leases;

/// <summary>Whether a turn may begin.</summary>
internal readonly struct BudgetDecision
{
    private BudgetDecision(bool isAdmitted, Reservation reservation, TimeSpan retryAfter) =>
        (IsAdmitted, Reservation, RetryAfter) = (isAdmitted, reservation, retryAfter);

    public bool IsAdmitted { get; }

    /// <summary>What it was admitted with; of a refused one it does nothing.</summary>
    public Reservation Reservation { get; }

    /// <summary>When a refused one may try again; else 0.</summary>
    public TimeSpan RetryAfter { get; }

    public static BudgetDecision Admitted(Reservation reservation) => new(true, reservation, TimeSpan.Zero);

    public static BudgetDecision Refused(TimeSpan retryAfter) => new(false, default, retryAfter);
}
