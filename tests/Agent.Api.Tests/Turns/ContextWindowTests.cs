using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using CsCheck;

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

    // 4 + 3 of the question, 4 + 2 of each call and 4 + 200 of each result.
    private static readonly ConversationMessage[] Tools =
    [
        new("user", new string('o', 1_000)), new("assistant", "1"),
        new("user", "now"),
        new("assistant", "", [new ConversationToolCall("a", "n", "{}")]), new("tool", new string('a', 200), ToolCallId: "a"),
        new("assistant", "", [new ConversationToolCall("b", "n", "{}")]), new("tool", "b", ToolCallId: "b"),
        new("assistant", "", [new ConversationToolCall("c", "n", "{}")]), new("tool", new string('c', 200), ToolCallId: "c"),
    ];

    [Theory]
    [InlineData(438, "abc")]
    [InlineData(437, "-bc")]
    [InlineData(320, "-bc")]
    [InlineData(240, "-b-")]
    [InlineData(10, "abc")] // nothing helps: as it is
    public void Fit_ResultsOfToolsThatAreTooLong_GiveWayOldestFirst(int limit, string expected)
    {
        var (kept, dropped) = ContextWindow.Fit(Tools, limit, text => text.Length);

        Assert.Equal((7, 1), (kept.Count, dropped));
        Assert.Equal(["a", "b", "c"], kept.Select(message => message.ToolCallId).OfType<string>());
        Assert.Equal(
            expected,
            string.Concat(kept.Where(message => message.ToolCallId is not null)
                .Select(message => message.Text.StartsWith("{\"error\":\"dropped\"", StringComparison.Ordinal) ? '-' : message.Text[0])));
        Assert.True(limit == 10 || kept.Sum(message => 4 + message.Text.Length + (message.ToolCalls is null ? 0 : 2)) <= limit);
    }

    [Fact]
    public void Fit_ResultsOfToolsThatFit_StayThoughOlderTurnsDoNot()
    {
        var (kept, dropped) = ContextWindow.Fit(Tools, 440, text => text.Length);

        Assert.Equal(1, dropped);
        Assert.Equal(Tools.Skip(2), kept);
    }

    /// <summary>Gotcha 1, for any limits: what is shown and what may be said fit the window, or only the newest turn is shown.</summary>
    [Fact]
    public void Plan_AnyLimits_PromptAndCapFitTheWindow() =>
        Gen.Select(Gen.Int[1_024, 6_000], Gen.Int[1, 8_000], Gen.Nullable(Gen.Int[1, 8_000]), Gen.Nullable(Gen.Int[1_024, 6_000]), Gen.Int[1, 900].Array[1, 20])
            .Sample(
                (model, cap, asked, window, sizes) =>
                {
                    var talk = sizes.SelectMany((size, i) => new[]
                    {
                        new ConversationMessage("user", $"{i}".PadRight(size)), new ConversationMessage("assistant", $"{i}".PadRight(size)),
                    }).Append(new ConversationMessage("user", "now")).ToList();
                    var config = new TurnConfig { MaxOutputTokens = cap, ContextTokens = window };

                    var plan = ContextWindow.Plan(talk, "rules", config, asked, model, text => text.Length);

                    var limit = Math.Min(model, window ?? int.MaxValue);
                    var shown = 4 + "rules".Length + plan.Kept.Sum(message => 4 + message.Text.Length);
                    Assert.True(shown + plan.MaxOutputTokens <= limit || plan.Kept.Count == 1);
                    Assert.InRange(plan.MaxOutputTokens, 1, Math.Min(cap, asked ?? int.MaxValue));
                    Assert.Equal(talk.TakeLast(plan.Kept.Count), plan.Kept);
                    Assert.Equal("user", plan.Kept[0].Role);
                    Assert.Equal(sizes.Length + 1 - plan.Kept.Count(message => message.Role == "user"), plan.DroppedTurns);
                },
                iter: 2_000);
}
