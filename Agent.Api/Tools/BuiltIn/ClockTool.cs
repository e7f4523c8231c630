using System.ComponentModel;
using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tools.BuiltIn;

/// <summary>What time it is: a model cannot know.</summary>
internal static partial class ClockTool
{
    public const string Name = "clock";

    private const int MostCharacters = 64;

    public static Tool Create(TimeProvider time)
    {
        return new Tool(
            AIFunctionFactory.Create(
                Tell, Name, "Tells the current date, time of day and weekday. Call it whenever an answer depends on today's date or the present time."),
            ToolEffect.ReadOnly, TimeSpan.FromSeconds(5));

        Reading Tell(
            [Description("IANA name of the time zone, such as Europe/Berlin or America/New_York. Left out: UTC.")] string? timeZone = null)
        {
            var zone = string.IsNullOrWhiteSpace(timeZone) ? TimeZoneInfo.Utc : Find(timeZone.Trim());
            var now = TimeZoneInfo.ConvertTime(time.GetUtcNow(), zone);
            return new Reading(
                now.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture), now.DayOfWeek.ToString(), zone == TimeZoneInfo.Utc ? "UTC" : zone.Id);
        }
    }

    // The name becomes a file's: nothing but a name reaches the file system.
    private static TimeZoneInfo Find(string name) =>
        name.Length <= MostCharacters && IanaName().IsMatch(name) && TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone)
            ? zone
            : throw new BadArgumentsException("There is no time zone of this name. Use an IANA name such as Europe/Berlin, or leave it out for UTC.");

    [GeneratedRegex("^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}\\z")]
    private static partial Regex IanaName();

    /// <param name="Time">ISO 8601 with the offset from UTC.</param>
    /// <param name="Weekday">In English.</param>
    /// <param name="TimeZone">The zone's IANA name.</param>
    private sealed record Reading(string Time, string Weekday, string TimeZone);
}
