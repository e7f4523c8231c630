using System.Globalization;
using System.Numerics;

namespace AspireAgent.Agent.Tools.BuiltIn;

/// <summary>
/// What an <see cref="Expression"/> needs of numbers beyond their own operators. Any of it, and the operators, may throw
/// <see cref="OverflowException"/>: a value is too large or too small to be held as well as its arithmetic promises.
/// </summary>
internal interface IArithmetic<T>
    where T : struct, IFloatingPoint<T>
{
    /// <summary>A number as it is written: digits, a point, an exponent.</summary>
    T Parse(ReadOnlySpan<char> text);

    /// <summary>Of a number that is not negative.</summary>
    T Sqrt(T value);

    /// <summary>Null: there is none among the real numbers.</summary>
    T? Power(T value, T exponent);

    /// <summary>The value, if it is held well.</summary>
    /// <param name="value">The result of an operator.</param>
    /// <param name="mayVanish">Whether it is right that it is next to nothing.</param>
    T Check(T value, bool mayVanish);
}

/// <summary>28 digits, up to 7.9e28. What is so small that less than 15 digits are left is an overflow: <see cref="DoubleArithmetic"/> does better.</summary>
internal sealed class DecimalArithmetic : IArithmetic<decimal>
{
    private const decimal Least = 1e-13m;

    public decimal Parse(ReadOnlySpan<char> text) => Check(decimal.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture), IsZero(text));

    /// <summary>Whether what is written is zero, whatever becomes of it: 1e-400 is not.</summary>
    public static bool IsZero(ReadOnlySpan<char> text) =>
        (text.IndexOfAny('e', 'E') is >= 0 and var exponent ? text[..exponent] : text).IndexOfAnyInRange('1', '9') < 0;

    // One step of Newton's, from 15 digits to 28.
    public decimal Sqrt(decimal value)
    {
        var root = (decimal)Math.Sqrt((double)value);
        return root == 0 ? 0 : (root + (value / root)) / 2;
    }

    public decimal? Power(decimal value, decimal exponent)
    {
        if (decimal.IsInteger(exponent))
        {
            return exponent < 0 ? Check(1 / Whole(value, -exponent), mayVanish: false) : Whole(value, exponent);
        }

        return value < 0 ? null : Check((decimal)Math.Pow((double)value, (double)exponent), value == 0);
    }

    public decimal Check(decimal value, bool mayVanish) => mayVanish || Math.Abs(value) >= Least ? value : throw new OverflowException();

    // By squaring: at most 96 times, since an exponent has 96 bits.
    private decimal Whole(decimal value, decimal exponent)
    {
        var result = 1m;
        while (true)
        {
            if (exponent % 2 != 0)
            {
                result = Check(result * value, value == 0);
            }

            exponent = decimal.Truncate(exponent / 2);
            if (exponent == 0)
            {
                return result;
            }

            value = Check(value * value, value == 0);
        }
    }
}

/// <summary>15 digits, up to 1.8e308.</summary>
internal sealed class DoubleArithmetic : IArithmetic<double>
{
    public double Parse(ReadOnlySpan<char> text) =>
        Check(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture), DecimalArithmetic.IsZero(text));

    public double Sqrt(double value) => Math.Sqrt(value);

    public double? Power(double value, double exponent)
    {
        var power = Math.Pow(value, exponent);
        return double.IsNaN(power) ? null : Check(power, value == 0);
    }

    public double Check(double value, bool mayVanish) =>
        double.IsFinite(value) && (mayVanish || double.IsNormal(value)) ? value : throw new OverflowException();
}
