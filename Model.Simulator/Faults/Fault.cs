using System.Globalization;

namespace AspireAgent.Simulator.Faults;

/// <summary>What goes wrong with a request. Asked for by the header <c>x-sim-fault</c> or by <c>POST /admin/faults</c>.</summary>
public sealed record Fault
{
    /// <summary>Header of a request that asks for a fault, as in <c>x-sim-fault: cut=5; delay=300</c>.</summary>
    public const string Header = "x-sim-fault";

    /// <summary>Only this model; null: any.</summary>
    public string? Model { get; init; }

    /// <summary>For so many requests; null: until removed.</summary>
    public int? Count { get; init; }

    /// <summary>Answer with this status, such as 429 or 503.</summary>
    public int? Status { get; init; }

    /// <summary>Seconds in the <c>Retry-After</c> of that answer.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>Wait before anything else; milliseconds.</summary>
    public int? Delay { get; init; }

    /// <summary>Break the connection after so many tokens; 0: before the answer's first byte.</summary>
    public int? Cut { get; init; }

    /// <summary>Fall silent after so many tokens, with the connection open.</summary>
    public int? Stall { get; init; }

    /// <summary>This long between two tokens; milliseconds.</summary>
    public int? Drip { get; init; }

    /// <summary>Say the same token again and again from this one on.</summary>
    public int? Repeat { get; init; }

    /// <summary>Reads the header's form. Returns null for an empty one.</summary>
    /// <exception cref="FormatException">A word is not known or a number is none.</exception>
    public static Fault? Parse(string? header)
    {
        if (string.IsNullOrWhiteSpace(header))
        {
            return null;
        }

        var fault = new Fault();
        foreach (var part in header.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? part : part[..equals];
            var number = equals < 0 ? 0 : int.Parse(part.AsSpan(equals + 1), NumberStyles.None, CultureInfo.InvariantCulture);
            fault = name switch
            {
                "status" => fault with { Status = number },
                "retry-after" => fault with { RetryAfter = number },
                "delay" => fault with { Delay = number },
                "cut" => fault with { Cut = number },
                "refuse" => fault with { Cut = 0 },
                "stall" => fault with { Stall = number },
                "drip" => fault with { Drip = number },
                "repeat" => fault with { Repeat = number },
                _ => throw new FormatException($"'{name}' is no fault."),
            };
        }

        return fault;
    }
}
