namespace AspireAgent.AppHost.Tests.Models;

/// <summary>All that can be seen of one answer, in words. Texts are told by whose they are: they were compared letter by letter.</summary>
internal sealed record Outcome
{
    /// <summary>Status and end of the HTTP answer.</summary>
    public required string Answer { get; init; }

    /// <summary>What the caller was told.</summary>
    public required string Said { get; init; }

    /// <summary>What the session's log has, each model's part by itself.</summary>
    public required string Logged { get; init; }

    /// <summary>The log's other events of note.</summary>
    public required string Events { get; init; }

    /// <summary>How often the first and the second route were asked, as far as the vendor knows.</summary>
    public required string Calls { get; init; }

    /// <summary>A line of a table.</summary>
    public override string ToString() => $"{Answer} | {Said} | {Logged} | {Events} | {Calls}";

    /// <summary>What the documentation says.</summary>
    public static Outcome Documented(FaultCase fault, PolicyCase policy, bool isStreamed)
    {
        var fate = policy.FateOf(fault);
        var (from, to) = (fault.Name, policy.Next.Name);
        return new Outcome
        {
            Answer = fate switch
            {
                Fate.Fails => isStreamed ? $"200, then error {fault.Error}" : $"{503} {fault.Error}",
                Fate.Anew when isStreamed => "200, then error answer_restarted",
                _ => "200 stop",
            },
            Said = fate switch
            {
                Fate.Own => WhoseWords.Own,
                Fate.Next => WhoseWords.Next,
                Fate.GoesOn => $"{WhoseWords.OwnPart} + {WhoseWords.Rest}",
                Fate.Anew => isStreamed ? WhoseWords.OwnPart : WhoseWords.Next,
                _ => isStreamed ? WhoseWords.OwnPart : "",
            },
            Logged = fate switch
            {
                Fate.Own => WhoseWords.Own,
                Fate.Next => WhoseWords.Next,
                Fate.GoesOn => $"{WhoseWords.OwnPart} + {WhoseWords.Rest}",
                Fate.Anew => isStreamed ? WhoseWords.OwnPart : $"{WhoseWords.OwnPart} + {WhoseWords.Next}", // who asks again has no use for the rest
                _ => WhoseWords.OwnPart,
            },
            Events = string.Join(", ", new[]
            {
                fault.Guard is null ? null : $"{fault.Guard} {(fate is Fate.Fails ? "cut" : "switch")}",
                fate switch
                {
                    Fate.Next => $"{from} to {to} ({fault.Why}): fallback",
                    Fate.GoesOn => $"{from} to {to} ({fault.Why}): continuation",
                    Fate.Anew => $"{from} to {to} ({fault.Why}): restart",
                    _ => null,
                },
                fate switch
                {
                    Fate.Fails => $"failed ({fault.Error}, retriable)",
                    Fate.Anew when isStreamed => "cancelled (disconnect)",
                    _ => "completed",
                },
            }.OfType<string>()),
            Calls = $"{fault.Tries?.ToString() ?? "?"} + {(fate is Fate.Own or Fate.Fails ? 0 : 1)}",
        };
    }

    // A stalled turn has no status of its own on OpenAI's surface.
}
