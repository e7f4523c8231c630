using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Contracts.Tests;

public class IdTests
{
    [Fact]
    public void SortableId_MadeLater_SortsLater()
    {
        var clock = new SteppingClock();
        var ids = Enumerable.Range(0, 1_000).Select(_ => SortableId.New(clock)).ToList();

        Assert.Equal(ids, ids.Order(StringComparer.Ordinal));
        Assert.All(ids, id => Assert.True(SortableId.IsValid(id)));
        Assert.Equal(ids.Count, ids.Distinct().Count());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("01M83D42NGE36RDNFRZF1DMNF")]
    [InlineData("01m83d42nge36rdnfrzf1dmnfa")]
    [InlineData("../../../etc/passwd0000000")]
    [InlineData("01M83D42NGE36RDNFRZF1DMNF}")]
    public void SortableId_AnythingElse_IsNotValid(string? text) => Assert.False(SortableId.IsValid(text));

    [Theory]
    [InlineData("17", 17, null)]
    [InlineData("17.b3c4", 17, "b3c4")]
    [InlineData("0", 0, null)]
    public void Cursor_BothForms_AreReadAndWritten(string text, long seq, string? nonce)
    {
        Assert.True(Cursor.TryParse(text, out var cursor));
        Assert.Equal(new Cursor(seq, nonce), cursor);
        Assert.Equal(text, cursor.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-1")]
    [InlineData("abc")]
    [InlineData(".b3c4")]
    [InlineData("17.")]
    [InlineData("17.a23456789b23456789c23456789d23456789")]
    [InlineData("99999999999999999999")]
    public void Cursor_AnythingElse_IsNone(string text) => Assert.False(Cursor.TryParse(text, out _));

    private sealed class SteppingClock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => _now += TimeSpan.FromMilliseconds(1);
    }
}
