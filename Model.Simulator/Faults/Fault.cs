using System.ComponentModel.DataAnnotations;

namespace AspireAgent.Simulator.Faults;

/// <summary>
/// What goes wrong with a request; all of it goes together. Asked for by the header <c>x-sim-fault</c>, by an address under
/// <c>/faulty/{spec}</c>, or by <c>POST /admin/faults</c>.
/// </summary>
public sealed record Fault
{
    /// <summary>All is well.</summary>
    public static readonly Fault None = new();

    /// <summary>Only this model; null: any.</summary>
    public string? Model { get; init; }

    /// <summary>For so many requests; null: until removed.</summary>
    [Range(1, int.MaxValue)]
    public int? Count { get; init; }

    /// <summary>Answer with this status, such as 429 or 503.</summary>
    [Range(300, 599)]
    public int? Status { get; init; }

    /// <summary>Seconds in the <c>Retry-After</c> of that answer.</summary>
    [Range(0, int.MaxValue)]
    public int? RetryAfter { get; init; }

    /// <summary>Wait before anything else; milliseconds.</summary>
    [Range(0, int.MaxValue)]
    public int? Delay { get; init; }

    /// <summary>Break the connection after so many tokens; 0: before the answer's first byte.</summary>
    [Range(0, int.MaxValue)]
    public int? Cut { get; init; }

    /// <summary>End the answer after so many tokens, in good order but without a finish reason or <c>[DONE]</c>.</summary>
    [Range(0, int.MaxValue)]
    public int? End { get; init; }

    /// <summary>Fall silent after so many tokens, with the connection open.</summary>
    [Range(0, int.MaxValue)]
    public int? Stall { get; init; }

    /// <summary>This long before each token; milliseconds.</summary>
    [Range(0, int.MaxValue)]
    public int? Drip { get; init; }

    /// <summary>Say something after so many tokens that is no JSON, and go on.</summary>
    [Range(0, int.MaxValue)]
    public int? Garbage { get; init; }

    /// <summary>Say the same token again and again from this one on.</summary>
    [Range(0, int.MaxValue)]
    public int? Repeat { get; init; }

    /// <summary>Answer in good order, with nothing.</summary>
    public bool Empty { get; init; }

    /// <summary>Keep what it cost to oneself.</summary>
    public bool NoUsage { get; init; }

    /// <summary>Say so many last characters of a prefill again before going on.</summary>
    [Range(0, int.MaxValue)]
    public int? RepeatPrefix { get; init; }

    /// <summary>Swallow the white space with which one goes on after a prefill.</summary>
    public bool TrimStart { get; init; }
}
