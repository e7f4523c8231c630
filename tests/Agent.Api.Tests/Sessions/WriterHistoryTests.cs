using AspireAgent.Agent.Sessions;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Tests.Sessions;

public class WriterHistoryTests
{
    private readonly WriterHistory _writers = new([new Cursor(1, "a"), new Cursor(5, "b"), new Cursor(5, "c"), new Cursor(9, "d")]);

    [Theory]
    [InlineData(1, "a")]
    [InlineData(4, "a")]
    [InlineData(5, "c")]
    [InlineData(8, "c")]
    [InlineData(20, "d")]
    public void CursorOf_Event_NamesItsWriter(long seq, string nonce) => Assert.Equal(new Cursor(seq, nonce), _writers.CursorOf(seq));

    [Theory]
    [InlineData("0", true)]
    [InlineData("7", true)]
    [InlineData("7.c", true)]
    [InlineData("7.b", false)]
    [InlineData("7.x", false)]
    [InlineData("10.d", true)]
    [InlineData("11.d", false)]
    [InlineData("11", false)]
    public void Knows_Cursor_IsOfThisLog(string text, bool known)
    {
        Assert.True(Cursor.TryParse(text, out var cursor));
        Assert.Equal(known, _writers.Knows(cursor, last: 10));
    }
}
