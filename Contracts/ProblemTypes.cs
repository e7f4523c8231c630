namespace AspireAgent.Contracts;

/// <summary>The stable <c>type</c> of each problem (RFC 9457), and the slugs of errors told as events.</summary>
public static class ProblemTypes
{
    public const string Prefix = "urn:aspireagent:";

    public const string Unauthenticated = Prefix + "unauthenticated";
    public const string Forbidden = Prefix + "forbidden";
    public const string NotFound = Prefix + "not-found";
    public const string MalformedBody = Prefix + "malformed-body";
    public const string InvalidRequest = Prefix + "invalid-request";
    public const string UnsupportedMediaType = Prefix + "unsupported-media-type";
    public const string BodyTooLarge = Prefix + "body-too-large";
    public const string FrameTooLarge = Prefix + "frame-too-large";
    public const string SessionNotFound = Prefix + "session-not-found";
    public const string SessionClosed = Prefix + "session-closed";
    public const string InputConflict = Prefix + "input-conflict";
    public const string ModelNotFound = Prefix + "model-not-found";
    public const string NotOwner = Prefix + "not-owner";
    public const string Unavailable = Prefix + "unavailable";
    public const string RevisionRequired = Prefix + "revision-required";
    public const string RevisionStale = Prefix + "revision-stale";
    public const string LayerFed = Prefix + "layer-fed";
    public const string ReleaseState = Prefix + "release-state";
    public const string ReleaseOverlap = Prefix + "release-overlap";
    public const string InstanceNotFound = Prefix + "instance-not-found";
    public const string Internal = Prefix + "internal";

    public const string BudgetExhausted = "budget-exhausted";
    public const string CostBreakerOpen = "cost-breaker-open";
    public const string ModelError = "model-error";
    public const string ModelTimeout = "model-timeout";
    public const string ModelRefused = "model-refused";
    public const string TurnError = "turn-error";
    public const string SwitchedOff = "switched-off";
    public const string LoopDetected = "loop-detected";
    public const string Stalled = "stalled";
    public const string Interrupted = "interrupted";
    public const string ToolOutcomeUnknown = "tool-outcome-unknown";
    public const string TooManyToolRounds = "too-many-tool-rounds";
}
