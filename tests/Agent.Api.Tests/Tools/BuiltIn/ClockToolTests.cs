using AspireAgent.Agent.Tools;
using AspireAgent.Agent.Tools.BuiltIn;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Time.Testing;

namespace AspireAgent.Agent.Tests.Tools.BuiltIn;

public class ClockToolTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 11, 22, 23, 30, 5, TimeSpan.Zero));

    [Theory]
    [InlineData(null, "2026-11-22T23:30:05+00:00", "Sunday", "UTC")]
    [InlineData(" ", "2026-11-22T23:30:05+00:00", "Sunday", "UTC")]
    [InlineData("Europe/Berlin", "2026-11-23T00:30:05+01:00", "Monday", "Europe/Berlin")]
    [InlineData("America/Argentina/Buenos_Aires", "2026-11-22T20:30:05-03:00", "Sunday", "America/Argentina/Buenos_Aires")]
    [InlineData("Asia/Kolkata", "2026-11-23T05:00:05+05:30", "Monday", "Asia/Kolkata")]
    public async Task Clock_TimeZone_IsThatOfTheAnswer(string? zone, string time, string weekday, string named)
    {
        var arguments = new AIFunctionArguments();
        if (zone is not null)
        {
            arguments["timeZone"] = zone;
        }

        var told = ToolOutcome.Of(await ClockTool.Create(_time).Function.InvokeAsync(arguments, TestContext.Current.CancellationToken));

        Assert.Equal(new ToolOutcome(null, $$"""{"time":"{{time}}","weekday":"{{weekday}}","timeZone":"{{named}}"}"""), told);
    }

    [Theory]
    [InlineData("Berlin")]
    [InlineData("../../etc/passwd")]
    [InlineData("/etc/localtime")]
    [InlineData("Europe/Ber\nlin")]
    public async Task Clock_NoTimeZone_IsRefused(string zone) => await Assert.ThrowsAsync<BadArgumentsException>(async () =>
        await ClockTool.Create(_time).Function.InvokeAsync(new AIFunctionArguments { ["timeZone"] = zone }, TestContext.Current.CancellationToken));

    [Fact]
    public void BuiltIns_Schemas_SayWhatTheyTake()
    {
        var (clock, calculator) = (ClockTool.Create(_time).Function.JsonSchema, CalculatorTool.Create().Function.JsonSchema);

        Assert.Contains("IANA", clock.GetProperty("properties").GetProperty("timeZone").GetProperty("description").GetString(), StringComparison.Ordinal);
        Assert.False(clock.TryGetProperty("required", out _));
        Assert.Equal("expression", calculator.GetProperty("required")[0].GetString());
    }
}
