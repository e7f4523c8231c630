using System.Numerics;

namespace AspireAgent.Agent.Tools.BuiltIn;

/// <summary>An arithmetic expression, evaluated as it is read, by recursive descent. Its length and its depth are bounded.</summary>
internal static class Expression
{
    private const int MostCharacters = 1_000;
    private const int MostDepth = 64;
    private const int MostPlaces = 15;

    /// <exception cref="BadArgumentsException">It cannot be read, or has no value.</exception>
    /// <exception cref="OverflowException">The arithmetic cannot hold a value on the way.</exception>
    public static T Evaluate<T>(string text, IArithmetic<T> arithmetic)
        where T : struct, IFloatingPoint<T> => text.Length <= MostCharacters
        ? new Reader<T>(new ExpressionScanner(text), arithmetic).Whole()
        : throw new BadArgumentsException($"The expression is longer than {MostCharacters} characters.");

    // sum = product {("+"|"-") product} ; product = signed {("*"|"/"|"%") signed} ; signed = ("+"|"-") signed | power
    // power = value ["^" signed] ; value = number | "(" sum ")" | constant | name "(" sum {"," sum} ")"
    private sealed class Reader<T>(ExpressionScanner scanner, IArithmetic<T> arithmetic)
        where T : struct, IFloatingPoint<T>
    {
        private int _depth;

        public T Whole()
        {
            var value = Sum();
            return scanner.IsAtEnd ? value : throw scanner.Unexpected();
        }

        // What a difference loses its terms had lost: it may be small.
        private T Sum()
        {
            var value = Product();
            while (true)
            {
                if (scanner.Takes('+'))
                {
                    value = arithmetic.Check(value + Product(), mayVanish: true);
                }
                else if (scanner.Takes('-'))
                {
                    value = arithmetic.Check(value - Product(), mayVanish: true);
                }
                else
                {
                    return value;
                }
            }
        }

        private T Product()
        {
            var value = Signed();
            while (true)
            {
                if (scanner.Takes('*'))
                {
                    var factor = Signed();
                    value = arithmetic.Check(value * factor, T.IsZero(value) || T.IsZero(factor));
                }
                else if (scanner.Takes('/'))
                {
                    value = arithmetic.Check(value / Divisor(), T.IsZero(value));
                }
                else if (scanner.Takes('%'))
                {
                    value = arithmetic.Check(value % Divisor(), mayVanish: true);
                }
                else
                {
                    return value;
                }
            }
        }

        private T Divisor()
        {
            var place = scanner.Place;
            var divisor = Signed();
            return T.IsZero(divisor) ? throw ExpressionScanner.Wrong("Division by zero", place) : divisor;
        }

        // Everything that goes deeper comes through here.
        private T Signed()
        {
            if (++_depth > MostDepth)
            {
                throw ExpressionScanner.Wrong($"More than {MostDepth} levels", scanner.Place);
            }

            var value = scanner.Takes('-') ? -Signed() : scanner.Takes('+') ? Signed() : Power();
            _depth--;
            return value;
        }

        // To the right first: 2^3^2 is 2^9, and -2^2 is -4.
        private T Power()
        {
            var (place, value) = (scanner.Place, Value());
            if (!scanner.Takes('^'))
            {
                return value;
            }

            var exponent = Signed();
            return T.IsZero(value) && T.IsNegative(exponent)
                ? throw ExpressionScanner.Wrong("Division by zero", place)
                : arithmetic.Power(value, exponent) ?? throw ExpressionScanner.Wrong("A root of a negative number", place);
        }

        private T Value()
        {
            if (scanner.Takes('('))
            {
                var value = Sum();
                scanner.Expect(')');
                return value;
            }

            return scanner.IsAtNumber ? arithmetic.Parse(scanner.Number()) : scanner.IsAtName ? Named() : throw scanner.Unexpected();
        }

        private T Named()
        {
            var (place, name) = (scanner.Place, scanner.Name());
            if (name is "pi" or "e")
            {
                return name == "pi" ? T.Pi : T.E;
            }

            if (name is not ("sqrt" or "abs" or "min" or "max" or "round"))
            {
                throw ExpressionScanner.Wrong($"The unknown name '{name}'", place);
            }

            scanner.Expect('(');
            var values = new List<T> { Sum() };
            while (scanner.Takes(','))
            {
                values.Add(Sum());
            }

            scanner.Expect(')');
            return (name, values) switch
            {
                ("sqrt", [var value]) when value < T.Zero => throw ExpressionScanner.Wrong("A root of a negative number", place),
                ("sqrt", [var value]) => arithmetic.Sqrt(value),
                ("abs", [var value]) => T.Abs(value),
                ("min", _) => values.Min(),
                ("max", _) => values.Max(),
                ("round", [var value]) => T.Round(value, MidpointRounding.AwayFromZero),
                ("round", [var value, var places]) => Round(value, places, place),
                _ => throw ExpressionScanner.Wrong($"A wrong number of values for {name}", place),
            };
        }

        private static T Round(T value, T places, int place) =>
            T.IsInteger(places) && places >= T.Zero && places <= T.CreateChecked(MostPlaces)
                ? T.Round(value, int.CreateChecked(places), MidpointRounding.AwayFromZero)
                : throw ExpressionScanner.Wrong($"Digits for round that are not a whole number from 0 to {MostPlaces}", place);
    }
}
