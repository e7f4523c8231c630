using AspireAgent.Agent.Readers;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Readers;

public class PresenceTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly Presence _presence;
    private DisconnectConfig _policy = new() { Policy = DisconnectPolicy.Continue, ContinueSeconds = 60 };
    private int _givenUp;

    public PresenceTests() => _presence = new Presence(() => _policy, () => _givenUp++, _time);

    [Theory]
    [InlineData(DisconnectPolicy.Continue, 60, 60)]
    [InlineData(DisconnectPolicy.Continue, 0, 1)] // a network that drops a client is given a moment
    [InlineData(DisconnectPolicy.Cancel, 60, 1)]
    public void Leave_NobodyComesBack_GivesUpOnceWhenTheTimeIsOver(DisconnectPolicy policy, int seconds, int due)
    {
        _policy = new DisconnectConfig { Policy = policy, ContinueSeconds = seconds };
        _presence.Come();
        _presence.Leave();

        _time.Advance(TimeSpan.FromSeconds(due) - TimeSpan.FromMilliseconds(1));
        Assert.Equal(0, _givenUp);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, _givenUp);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, _givenUp);
    }

    [Fact]
    public void Come_WithinTheTime_KeepsAndTheNextLeaveCountsAnew()
    {
        _presence.Leave();
        _time.Advance(TimeSpan.FromSeconds(59));
        _presence.Come();
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(0, _givenUp);

        _presence.Leave();
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(0, _givenUp);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, _givenUp);
    }

    [Fact]
    public void Nobody_EverCame_NothingIsGivenUp()
    {
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, _givenUp);
    }

    [Fact]
    public void Leave_AfterTheSessionsEnd_HoldsNothing()
    {
        _presence.Come();
        _presence.Dispose();
        _presence.Leave(); // its readers go when they are told of the end

        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(0, _givenUp);
    }
}
