namespace AspireAgent.Simulator.Tests.Chat;

public sealed class PrefillTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    private const string Question = "What is a canary?";

    [Theory]
    [InlineData("sim-large")]
    [InlineData("sim-small")]
    public async Task Prefill_OfItsOwnAnswer_IsContinuedToTheLetter(string model)
    {
        var whole = (await simulator.AskAsync(RunningSimulator.Request(model, Question))).Text;
        var space = whole.IndexOf(' ', whole.Length / 2);

        // In mid-word, after a space, and with that space trimmed off.
        foreach (var length in (int[])[space - 1, space + 1, space])
        {
            var rest = await ContinueAsync(model, whole[..length]);
            Assert.Equal(whole, whole[..length] + rest);
        }
    }

    [Fact]
    public async Task Prefill_OfAnotherAnswer_IsFollowedByANewSentence()
    {
        var whole = (await simulator.AskAsync(RunningSimulator.Request("sim-small", Question))).Text;

        Assert.Equal(" " + whole, await ContinueAsync("sim-small", "Nobody says this."));
    }

    [Fact]
    public async Task Prefill_ModelWithoutIt_BeginsAnew()
    {
        var answer = (await simulator.AskAsync(RunningSimulator.Request("sim-noprefill", Question))).Text;
        var rest = await ContinueAsync("sim-noprefill", answer[..20]);

        Assert.False(answer.EndsWith(rest, StringComparison.Ordinal), "it continued");
    }

    [Theory]
    [InlineData("repeat-prefix=4", true)]
    [InlineData("trim-start", false)]
    public async Task Prefill_ModelWithASeam_RepeatsOrSwallows(string fault, bool repeats)
    {
        var whole = (await simulator.AskAsync(RunningSimulator.Request("sim-small", Question))).Text;
        var space = whole.IndexOf(' ', whole.Length / 2);

        var rest = await ContinueAsync("sim-small", whole[..space], fault);

        Assert.Equal(repeats ? whole[(space - 4)..] : whole[(space + 1)..], rest);
        Assert.Equal(whole, (await simulator.AskAsync(RunningSimulator.Request("sim-small", Question), fault: fault)).Text);
    }

    private async Task<string> ContinueAsync(string model, string prefill, string? fault = null) =>
        (await simulator.AskAsync(RunningSimulator.Request(model, Question, ("assistant", prefill)), fault: fault)).Text;
}
