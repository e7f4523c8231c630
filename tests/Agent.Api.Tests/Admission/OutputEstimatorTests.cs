using AspireAgent.Agent.Admission;

namespace AspireAgent.Agent.Tests.Admission;

public sealed class OutputEstimatorTests
{
    private readonly OutputEstimator _outputs = new();

    [Fact]
    public void Estimate_FewerThanEightAnswers_IsNotKnown()
    {
        Settle("a", 1, 7);
        Assert.Null(_outputs.Estimate("a"));
        Assert.Null(_outputs.Estimate("b"));

        Settle("a", 8, 1);
        Assert.Equal(8, _outputs.Estimate("a"));
        Assert.Null(_outputs.Estimate("b"));
    }

    [Fact]
    public void Estimate_AHundredAnswers_IsTheirNinetyFifthPercentile()
    {
        Settle("a", 1, 100);

        Assert.Equal(95, _outputs.Estimate("a"));
    }

    [Fact]
    public void Estimate_OldAnswers_AreForgotten()
    {
        Settle("a", 10_000, 200);
        Settle("a", 1, 128);

        Assert.Equal(122, _outputs.Estimate("a"));
    }

    private void Settle(string route, int first, int count)
    {
        foreach (var tokens in Enumerable.Range(first, count))
        {
            _outputs.Settled(route, tokens);
        }
    }
}
