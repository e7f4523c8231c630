using AspireAgent.Agent.EventLog;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Tests.EventLog;

public class WriterHistoryTests
{
    private readonly WriterHistory _writers = new(
        [new(1, new Cursor(1, "a")), new(2, new Cursor(5, "b")), new(3, new Cursor(5, "c")), new(4, new Cursor(9, "d"))]);

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
        Assert.Equal(known, _writers.Knows(cursor, firstKept: 1, last: 10));
    }

    [Theory]
    [InlineData("5", false)]
    [InlineData("6", true)]
    [InlineData("6.c", true)]
    [InlineData("6.b", false)]
    public void Knows_TrimmedLog_FromWhatItStillHolds(string text, bool known)
    {
        Assert.True(Cursor.TryParse(text, out var cursor));
        Assert.Equal(known, _writers.Knows(cursor, firstKept: 7, last: 10));
    }

    [Fact]
    public void CursorOf_LogThatLostItsEnd_NamesWhoWroteItAnew()
    {
        // The second writer's events from 8 on are lost, and the third wrote others.
        var writers = new WriterHistory([new(1, new Cursor(1, "a")), new(2, new Cursor(6, "b")), new(3, new Cursor(8, "c"))]);

        Assert.Equal(["b", "c", "c"], new long[] { 7, 8, 12 }.Select(seq => writers.CursorOf(seq).Nonce));
        Assert.False(writers.Knows(new Cursor(9, "b"), 1, 12));
    }

    [Fact]
    public void EndedBefore_TrimmedLog_KeepsTheWriterOfTheOldestGoodCursor()
    {
        Assert.Equal([1L, 2L], _writers.EndedBefore(firstKept: 7));
        Assert.Equal([1L, 2L], _writers.EndedBefore(firstKept: 9));
        Assert.Equal([1L, 2L, 3L], _writers.EndedBefore(firstKept: 10));
        Assert.Empty(_writers.EndedBefore(firstKept: 1));
    }
}
