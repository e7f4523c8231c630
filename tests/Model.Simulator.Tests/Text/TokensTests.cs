using AspireAgent.Simulator.Text;

namespace AspireAgent.Simulator.Tests.Text;

public sealed class TokensTests
{
    [Theory]
    [InlineData("")]
    [InlineData("Plain words, and two  spaces.")]
    [InlineData("21 °C in 日本 🌦️, said 👩‍👩‍👧 and ᚠᛇᚻ")]
    public void Split_AnyText_IsThatTextAgainInWholeCharacters(string text)
    {
        var pieces = new Tokens().Split(text);

        Assert.Equal(text, string.Concat(pieces));
        Assert.DoesNotContain(pieces, piece => piece.Length == 0 || char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1]));
    }
}
