using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AspireAgent.Contracts.Json;

namespace AspireAgent.Contracts.Sessions;

/// <summary>
/// The model calls a tool. One of ours has the effect <c>read-only</c>, <c>idempotent</c> or <c>effectful</c>: the agent runs it, once this
/// event is saved, and <see cref="ToolReturned"/> answers. One of effect <see cref="Client"/> is run by the caller, after the turn. Where
/// the call is the first thing that a turn says it names the build that speaks.
/// </summary>
public sealed record ToolCalled(
    string Call, string Name, string Arguments, string Effect, string? Fingerprint = null, BuildId? BuildId = null) : SessionEvent
{
    /// <summary>The effect of the caller's own tools.</summary>
    public const string Client = "client";

    /// <summary>Whether the caller runs it, and not the agent.</summary>
    [JsonIgnore]
    public bool IsClients => Effect == Client;
}

/// <summary>A tool that the agent runs has returned, or will not.</summary>
/// <param name="Call">Id of the <see cref="ToolCalled"/>.</param>
/// <param name="Ok">Whether it did what it was called for.</param>
/// <param name="Result">What the model is shown, JSON or text, cut to a bound; beside an <paramref name="Error"/>, what may help it to call better.</param>
/// <param name="Error">A stable slug, never an exception's text; null where it is <paramref name="Ok"/>.</param>
/// <param name="Seconds">From its start to this.</param>
public sealed record ToolReturned(string Call, bool Ok, string? Result = null, string? Error = null, double Seconds = 0) : SessionEvent
{
    /// <summary>It took longer than it may.</summary>
    public const string Timeout = "timeout";

    /// <summary>It broke.</summary>
    public const string Failed = "failed";

    /// <summary>Tools are switched off, or this one is.</summary>
    public const string SwitchedOff = "switched-off";

    /// <summary>There is none of this name.</summary>
    public const string UnknownTool = "unknown-tool";

    /// <summary>The arguments are no JSON, or not what the tool takes.</summary>
    public const string BadArguments = "bad-arguments";

    /// <summary>Its turn ended before it did: nobody knows what came of it. The fold's word, never an event's.</summary>
    public const string Interrupted = "interrupted";

    /// <summary>What the model is shown of it: the result, or <c>{"error":"timeout"}</c>, with <c>detail</c> where there is a result to it.</summary>
    [JsonIgnore]
    public string Shown
    {
        get
        {
            if (Error is null)
            {
                return Result ?? "";
            }

            var shown = new JsonObject { ["error"] = Error };
            if (Result is not null)
            {
                shown["detail"] = Result;
            }

            return shown.ToJsonString(WireJson.Types.Options);
        }
    }
}
