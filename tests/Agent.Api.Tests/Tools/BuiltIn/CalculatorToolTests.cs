using AspireAgent.Agent.Tools;
using AspireAgent.Agent.Tools.BuiltIn;
using CsCheck;

namespace AspireAgent.Agent.Tests.Tools.BuiltIn;

public class CalculatorToolTests
{
    [Theory]
    [InlineData("1 + 2 * 3", "7")]
    [InlineData("(1+2)*3", "9")]
    [InlineData("10 - 4 - 3", "3")]
    [InlineData("100 / 10 / 5", "2")]
    [InlineData("7 % 3 * 2", "2")]
    [InlineData("-7 % 3", "-1")]
    [InlineData("2^3^2", "512")]
    [InlineData("-2^2", "-4")]
    [InlineData("(-2)^2", "4")]
    [InlineData("2^-2", "0.25")]
    [InlineData("2 - -3", "5")]
    [InlineData("+-+4", "-4")]
    [InlineData("-0", "0")]
    [InlineData("0 * -5", "0")]
    [InlineData(" .5+\t1. ", "1.5")]
    [InlineData("0.1 + 0.2", "0.3")]
    [InlineData("0.3 % 0.1", "0")]
    [InlineData("2.50 * 2", "5")]
    [InlineData("100", "100")]
    [InlineData("1/3", "0.33333333333333333333")]
    [InlineData("1/3*3", "1")]
    [InlineData("20000000/3", "6666666.6666666666667")]
    [InlineData("123456789 * 987654321", "121932631112635269")]
    [InlineData("9999999999999999999999999999 - 1", "9999999999999999999999999998")]
    [InlineData("1.2e3 + 1E-2", "1200.01")]
    [InlineData("sqrt(2)", "1.4142135623730950488")]
    [InlineData("sqrt(144) + sqrt(0)", "12")]
    [InlineData("8^(1/3)", "2")]
    [InlineData("1.05^10", "1.6288946267774414063")]
    [InlineData("1^9999999999999999999999999999", "1")]
    [InlineData("abs(-3.5) + min(4, 2, 8) + max(1, 7)", "12.5")]
    [InlineData("round(2.5) + round(-2.5) + round(3.14159, 2)", "3.14")]
    [InlineData("round(199 * 1.19, 2)", "236.81")]
    [InlineData("2 * pi", "6.2831853071795864769")]
    [InlineData("e^0", "1")]
    [InlineData("2^100", "1.26765060022823E+30")]
    [InlineData("6.62607015e-34 * 299792458", "1.98644585714893E-25")]
    [InlineData("1e-20 * 1e-20", "1E-40")]
    [InlineData("1e-12 / 7", "0.0000000000001428571428571429")]
    [InlineData("1e-12 / 70", "1.42857142857143E-14")]
    [InlineData("0.001^20", "1E-60")]
    [InlineData("1e300 / 1e299", "10")]
    [InlineData("0e99", "0")]
    public void Run_Expression_HasItsValue(string expression, string value) => Assert.Equal(value, CalculatorTool.Run(expression));

    [Theory]
    [InlineData("", "An unexpected end at position 1.")]
    [InlineData("1 +", "An unexpected end at position 4.")]
    [InlineData("1 2", "An unexpected '2' at position 3.")]
    [InlineData("1,000 * 2", "An unexpected ',' at position 2.")]
    [InlineData("2 × 3", "An unexpected '×' at position 3.")]
    [InlineData("2 + 😀", "An unexpected '😀' at position 5.")]
    [InlineData("2e", "An unexpected 'e' at position 2.")]
    [InlineData("2 * .", "A number without digits at position 5.")]
    [InlineData("(1 + 2", "No ')' where one is due at position 7.")]
    [InlineData("1 + 2)", "An unexpected ')' at position 6.")]
    [InlineData("5 / (3 - 3)", "Division by zero at position 5.")]
    [InlineData("5 % 0", "Division by zero at position 5.")]
    [InlineData("0 ^ -1", "Division by zero at position 1.")]
    [InlineData("1e200 * 0^-1", "Division by zero at position 9.")]
    [InlineData("sqrt(-1)", "A root of a negative number at position 1.")]
    [InlineData("1 + (-8)^(1/3)", "A root of a negative number at position 5.")]
    [InlineData("sin(1)", "The unknown name 'sin' at position 1.")]
    [InlineData("1 + x", "The unknown name 'x' at position 5.")]
    [InlineData("sqrt 4", "No '(' where one is due at position 6.")]
    [InlineData("sqrt(1, 2)", "A wrong number of values for sqrt at position 1.")]
    [InlineData("round(1, 2, 3)", "A wrong number of values for round at position 1.")]
    [InlineData("round(1, 0.5)", "Digits for round that are not a whole number from 0 to 15 at position 1.")]
    [InlineData("round(1, 99)", "Digits for round that are not a whole number from 0 to 15 at position 1.")]
    [InlineData("max()", "An unexpected ')' at position 5.")]
    [InlineData("10^400", "The numbers become too large, above 1.8e308, or too small, below 2.3e-308.")]
    [InlineData("1e999 - 1e999", "The numbers become too large, above 1.8e308, or too small, below 2.3e-308.")]
    [InlineData("0.5^99999999999999999999", "The numbers become too large, above 1.8e308, or too small, below 2.3e-308.")]
    [InlineData("1e-999", "The numbers become too large, above 1.8e308, or too small, below 2.3e-308.")]
    public void Run_NoExpressionOrWithoutAValue_SaysWhatAndWhere(string expression, string message) =>
        Assert.Equal(message, Assert.Throws<BadArgumentsException>(() => CalculatorTool.Run(expression)).Message);

    [Fact]
    public void Run_TooLongOrTooDeep_IsRefused()
    {
        Assert.Contains("longer than 1000", Refusal($"1{string.Concat(Enumerable.Repeat("+1", 500))}"), StringComparison.Ordinal);
        Assert.Contains("More than 64 levels", Refusal($"{new string('(', 70)}1{new string(')', 70)}"), StringComparison.Ordinal);
        Assert.Contains("More than 64 levels", Refusal($"{new string('-', 999)}1"), StringComparison.Ordinal);
        Assert.Contains("More than 64 levels", Refusal(string.Join('^', Enumerable.Repeat("1", 100))), StringComparison.Ordinal);
        Assert.Equal("450", CalculatorTool.Run($"0{string.Concat(Enumerable.Repeat("+1", 450))}"));
        Assert.Equal("1", CalculatorTool.Run($"{new string('(', 60)}1{new string(')', 60)}"));
    }

    // A model may write anything: the calculator answers with a number or with a refusal of its own.
    [Fact]
    public void Run_AnyText_IsAValueOrARefusal()
    {
        string[] tokens =
        [
            "1", "2.5", "1e20", "1e-20", "0", "+", "-", "*", "/", "%", "^", "(", ")", ",", "sqrt", "round", "min(", "pi", " ", "x", "é", ".",
        ];
        Gen.Int[0, tokens.Length - 1].Array[0, 12].Select(picked => string.Concat(picked.Select(i => tokens[i]))).Sample(text =>
        {
            try
            {
                return double.TryParse(CalculatorTool.Run(text), System.Globalization.CultureInfo.InvariantCulture, out _);
            }
            catch (BadArgumentsException)
            {
                return true;
            }
        });
    }

    // Against an oracle: sums and products of small whole numbers are exact.
    [Fact]
    public void Run_WholeNumbers_AreExact() => Gen.Select(Gen.Int[-1000, 1000], Gen.Int[-1000, 1000], Gen.Int[-1000, 1000]).Sample((a, b, c) =>
        CalculatorTool.Run($"({a}) * ({b}) - ({c}) * ({a} + {c})") == $"{((long)a * b) - ((long)c * (a + c))}");

    private static string Refusal(string expression) => Assert.Throws<BadArgumentsException>(() => CalculatorTool.Run(expression)).Message;
}
