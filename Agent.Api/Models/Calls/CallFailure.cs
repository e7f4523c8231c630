namespace AspireAgent.Agent.Models.Calls;

/// <summary>Why a call of a route came to nothing, or broke off. Its slug is the <c>why</c> of <c>model.switched</c>.</summary>
internal enum CallFailure
{
    /// <summary>The vendor does not accept the request as it is: no other try helps.</summary>
    Refused,

    /// <summary>The key is wrong.</summary>
    Unauthorized,

    /// <summary>Whatever is asked: the model's name or the address is wrong, or the account is empty.</summary>
    Misconfigured,

    /// <summary>More than it takes; another may take it.</summary>
    TooLarge,

    /// <summary>429.</summary>
    RateLimited,

    /// <summary>5xx, or a time-out that the vendor itself tells.</summary>
    Unavailable,

    /// <summary>No connection: refused, unknown host, TLS; or it broke before the answer began.</summary>
    Unreachable,

    /// <summary>No first token in time, or not the whole answer.</summary>
    Timeout,

    /// <summary>What came is not what the protocol says.</summary>
    Garbled,

    /// <summary>The answer ended well and has nothing in it, though nothing has been said yet.</summary>
    Empty,

    /// <summary>Nothing came for too long.</summary>
    Stalled,

    /// <summary>Too little came for too long.</summary>
    SlowDrip,

    /// <summary>The answer broke off, or ended without saying so.</summary>
    Broken,

    /// <summary>The route's breaker is open.</summary>
    BreakerOpen,

    /// <summary>As a fallback it serves as many as it may.</summary>
    Busy,

    /// <summary>As a fallback it failed a moment ago.</summary>
    CoolingDown,

    /// <summary>Its breaker has just closed: traffic comes back to it by and by.</summary>
    Recovering,

    /// <summary>None of these: a defect of ours or of a library.</summary>
    Unexpected,
}

/// <summary>The failures as words, and what each means.</summary>
internal static class CallFailures
{
    /// <summary>The stable slug.</summary>
    public static string ToSlug(this CallFailure failure) => failure switch
    {
        CallFailure.Refused => "refused",
        CallFailure.Unauthorized => "unauthorized",
        CallFailure.Misconfigured => "misconfigured",
        CallFailure.TooLarge => "too-large",
        CallFailure.RateLimited => "rate-limited",
        CallFailure.Unavailable => "unavailable",
        CallFailure.Unreachable => "unreachable",
        CallFailure.Timeout => "timeout",
        CallFailure.Garbled => "garbled",
        CallFailure.Empty => "empty",
        CallFailure.Stalled => "stalled",
        CallFailure.SlowDrip => "slow-drip",
        CallFailure.Broken => "broken",
        CallFailure.BreakerOpen => "breaker-open",
        CallFailure.Busy => "busy",
        CallFailure.CoolingDown => "cooling-down",
        CallFailure.Recovering => "recovering",
        CallFailure.Unexpected => "unexpected",
        _ => throw new ArgumentOutOfRangeException(nameof(failure), failure, null),
    };

    /// <summary>Whether the same call may do better a moment later.</summary>
    public static bool IsTransient(this CallFailure failure) => failure
        is CallFailure.RateLimited or CallFailure.Unavailable or CallFailure.Unreachable or CallFailure.Garbled or CallFailure.Empty;

    /// <summary>
    /// Whether it says that the route is ill. What a user can bring about by what he asks for does not, nor does a call that was not made.
    /// </summary>
    public static bool CountsAgainstRoute(this CallFailure failure) => failure
        is CallFailure.Unauthorized or CallFailure.Misconfigured or CallFailure.RateLimited or CallFailure.Unavailable or CallFailure.Unreachable
        or CallFailure.Timeout or CallFailure.Garbled or CallFailure.Stalled or CallFailure.SlowDrip or CallFailure.Broken;

    /// <summary>Whether the vendor says so before it has done anything, and does not charge for it.</summary>
    public static bool IsFree(this CallFailure failure) => failure is not (CallFailure.Timeout or CallFailure.Empty or CallFailure.Garbled);
}
