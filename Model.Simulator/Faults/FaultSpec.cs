using System.ComponentModel.DataAnnotations;
using System.Globalization;

namespace AspireAgent.Simulator.Faults;

/// <summary>A fault as one line of text, as in <c>cut=5; drip=300</c> or <c>empty; no-usage</c>.</summary>
internal static class FaultSpec
{
    /// <summary>Header of a request that asks for a fault.</summary>
    public const string Header = "x-sim-fault";

    /// <summary>Reads a line. Returns null for an empty one.</summary>
    /// <exception cref="FormatException">A word is not known, or a number is missing, is none, or is out of bounds.</exception>
    public static Fault? Parse(string? spec)
    {
        if (string.IsNullOrWhiteSpace(spec))
        {
            return null;
        }

        var fault = Fault.None;
        foreach (var part in spec.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            fault = part.Split('=', 2) is [var name, var number] ? With(fault, name, number) : With(fault, part);
        }

        Check(fault);
        return fault;
    }

    /// <summary>Checks the numbers of a fault that came otherwise.</summary>
    /// <exception cref="FormatException">One is out of bounds.</exception>
    public static void Check(Fault fault)
    {
        var errors = new List<ValidationResult>();
        if (!Validator.TryValidateObject(fault, new ValidationContext(fault), errors, validateAllProperties: true))
        {
            throw new FormatException(string.Join(' ', errors));
        }
    }

    private static Fault With(Fault fault, string flag) => flag switch
    {
        "refuse" => fault with { Cut = 0 },
        "empty" => fault with { Empty = true },
        "no-usage" => fault with { NoUsage = true },
        "trim-start" => fault with { TrimStart = true },
        _ => throw new FormatException($"'{flag}' is no fault, or lacks its number."),
    };

    private static Fault With(Fault fault, string name, string value)
    {
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            throw new FormatException($"'{value}' of '{name}' is no number.");
        }

        return name switch
        {
            "status" => fault with { Status = number },
            "retry-after" => fault with { RetryAfter = number },
            "delay" => fault with { Delay = number },
            "cut" => fault with { Cut = number },
            "end" => fault with { End = number },
            "stall" => fault with { Stall = number },
            "drip" => fault with { Drip = number },
            "garbage" => fault with { Garbage = number },
            "repeat" => fault with { Repeat = number },
            "repeat-prefix" => fault with { RepeatPrefix = number },
            _ => throw new FormatException($"'{name}' is no fault with a number."),
        };
    }
}
