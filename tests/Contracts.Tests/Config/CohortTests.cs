using AspireAgent.Contracts.Config;

namespace AspireAgent.Contracts.Tests.Config;

public class CohortTests
{
    private static readonly string[] Ids = [.. Enumerable.Range(0, 10_000).Select(i => $"user-{i}")];

    /// <summary>10,000 draws at 5 % fall outside 397..610 with a probability of 1e-6 (exact binomial, half of it on either side).</summary>
    [Theory]
    [InlineData("salt-1")]
    [InlineData("salt-2")]
    [InlineData("terse-prompt")]
    public void IsIn_FivePercent_IsFivePercent(string salt) =>
        Assert.InRange(Ids.Count(id => Cohort.IsIn(salt, id, 5)), 397, 610);

    [Fact]
    public void IsIn_Raised_MovesNobodyOut()
    {
        var five = Ids.Where(id => Cohort.IsIn("salt", id, 5)).ToList();
        var twentyFive = Ids.Where(id => Cohort.IsIn("salt", id, 25)).ToHashSet();

        Assert.True(twentyFive.IsProperSupersetOf(five));
    }

    [Fact]
    public void IsIn_AgainAndElsewhere_IsTheSame() => Assert.Equal(
        ["user-3", "user-31", "user-53"],
        Ids.Take(100).Where(id => Cohort.IsIn("fixed", id, 5))); // golden: another result would move live sessions

    [Theory]
    [InlineData(0, 0)]
    [InlineData(100, 10_000)]
    public void IsIn_NobodyOrEverybody_IsExact(double percent, int count) =>
        Assert.Equal(count, Ids.Count(id => Cohort.IsIn("salt", id, percent)));

    [Fact]
    public void Draw_TwoReleases_AreIndependent()
    {
        Release[] releases = [Of("a", ReleaseState.Running), Of("b", ReleaseState.Running)];

        var labels = Ids.CountBy(id => Cohort.Draw(releases, id)).ToDictionary();

        // A quarter each, 2500 of 10,000; 1e-6 is some 5 standard deviations of 43.
        Assert.Equal(["a", "a+b", "b", "stable"], labels.Keys.Order());
        Assert.All(labels.Values, count => Assert.InRange(count, 2_288, 2_715));
    }

    [Theory]
    [InlineData(ReleaseState.Paused)]
    [InlineData(ReleaseState.Promoted)]
    [InlineData(ReleaseState.RolledBack)]
    public void Draw_ReleaseThatDoesNotRun_TakesNobody(ReleaseState state) =>
        Assert.All(Ids.Take(100), id => Assert.Equal(Cohort.Stable, Cohort.Draw([Of("a", state) with { Percent = 100 }], id)));

    [Theory]
    [InlineData("a", true)]
    [InlineData("a+b", true)]
    [InlineData("ab", false)]
    [InlineData("stable", false)]
    [InlineData(null, false)]
    public void Contains_Label_IsByWholeNames(string? label, bool contains) => Assert.Equal(contains, Cohort.Contains(label, "a"));

    private static Release Of(string name, ReleaseState state) => new(name, 1, [], 50, name, state, DateTimeOffset.UnixEpoch);
}
