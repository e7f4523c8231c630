using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Tests.Turns;

public class ContextWindowTests
{
    private static readonly ConversationMessage[] Talk =
    [
        new("system", "rules"),
        new("user", "one"), new("assistant", "1"),
        new("user", "two"), new("assistant", "", [new ConversationToolCall("c", "n", "{}")]), new("tool", "r", ToolCallId: "c"), new("assistant", "2"),
        new("user", "three"),
    ];

    [Fact]
    public void Fit_AllFits_KeepsAll()
    {
        var (kept, dropped) = ContextWindow.Fit(Talk, 10_000, text => text.Length);
        Assert.Equal((Talk.Length, 0), (kept.Count, dropped));
        Assert.Equal(Talk, kept);
    }

    [Fact]
    public void Fit_TooMuch_DropsTheOldestWholeTurnsAndKeepsTheSystemMessages()
    {
        // Of the last turn: 4 + 5. Of the second: 4 messages of 4, 3 + 2 + 1 + 1 characters. Of the system: 4 + 5.
        var (kept, dropped) = ContextWindow.Fit(Talk, 9 + 23 + 9, text => text.Length);

        Assert.Equal(1, dropped);
        Assert.Equal(["rules", "two", "", "r", "2", "three"], kept.Select(message => message.Text));
    }

    [Fact]
    public void Fit_NothingFits_KeepsTheNewestTurn()
    {
        var (kept, dropped) = ContextWindow.Fit(Talk, 1, text => text.Length);

        Assert.Equal(2, dropped);
        Assert.Equal(["rules", "three"], kept.Select(message => message.Text));
    }
}
