using System.ComponentModel;
using System.Globalization;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tools.BuiltIn;

/// <summary>
/// Arithmetic: a model guesses where it should count. Numbers of everyday size are exact to 28 digits, of which fractions show 20
/// (<see cref="DecimalArithmetic"/>); very large and very small ones have 15 (<see cref="DoubleArithmetic"/>).
/// </summary>
internal static class CalculatorTool
{
    public const string Name = "calculator";

    private const int ShownDigits = 20;
    private const int MostPlaces = 28;

    private const string Description =
        "Evaluates an arithmetic expression and returns the number. Use it for every calculation instead of working it out yourself. "
        + "Operators: + - * / % (remainder) ^ (power), parentheses. Functions: sqrt(x), abs(x), min(a, b, ...), max(a, b, ...), "
        + "round(x), round(x, digits). Constants: pi, e. Numbers are written 1234.5 or 1.2e3, without thousands separators or units.";

    public static Tool Create() => new(AIFunctionFactory.Create(Run, Name, Description), ToolEffect.ReadOnly, TimeSpan.FromSeconds(5));

    /// <summary>The value of an expression, as text.</summary>
    /// <exception cref="BadArgumentsException">It has none: a slip in writing with its place, a division by zero, a number too large.</exception>
    public static string Run([Description("The expression, such as (12.5 + 7) * 3^2 or round(199 * 1.19, 2).")] string expression)
    {
        try
        {
            return Show(Expression.Evaluate(expression, new DecimalArithmetic()));
        }
        catch (OverflowException)
        {
            return RunLarge(expression);
        }
    }

    private static string RunLarge(string expression)
    {
        try
        {
            return Expression.Evaluate(expression, new DoubleArithmetic()).ToString("G15", CultureInfo.InvariantCulture);
        }
        catch (OverflowException)
        {
            throw new BadArgumentsException("The numbers become too large, above 1.8e308, or too small, below 2.3e-308.");
        }
    }

    // 1/3*3 is 0.9999999999999999999999999999 in 28 digits and 1 in 20. A decimal keeps the places that it was written with: 2.50 is 2.5.
    private static string Show(decimal value)
    {
        var before = value == 0 ? 0 : (int)Math.Ceiling(Math.Log10((double)Math.Abs(value)));
        var shown = decimal.Round(value, Math.Clamp(ShownDigits - before, 0, MostPlaces), MidpointRounding.AwayFromZero);
        var text = shown.ToString(CultureInfo.InvariantCulture);
        return text.Contains('.', StringComparison.Ordinal) ? text.TrimEnd('0').TrimEnd('.') : text;
    }
}
