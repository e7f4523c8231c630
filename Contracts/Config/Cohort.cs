using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace AspireAgent.Contracts.Config;

/// <summary>Which releases a session is in: drawn once, when it opens, and kept for its life.</summary>
public static class Cohort
{
    /// <summary>The label of a session that is in no release.</summary>
    public const string Stable = "stable";

    private const char Separator = '+';
    private const double Whole = 1UL << 53;

    /// <summary>The label for <paramref name="id"/> (an end user, else the session): names of the releases that it enters, or <see cref="Stable"/>.</summary>
    public static string Draw(IEnumerable<Release> releases, string id)
    {
        var entered = releases
            .Where(release => release.State is ReleaseState.Running && IsIn(release.Salt, id, release.Percent))
            .Select(release => release.Name);
        var label = string.Join(Separator, entered.Order(StringComparer.Ordinal));
        return label.Length == 0 ? Stable : label;
    }

    /// <summary>
    /// Whether <paramref name="id"/> is among the <paramref name="percent"/> of all that <paramref name="salt"/> draws: SHA-256 as a
    /// uniform number, so that a greater share contains each smaller one.
    /// </summary>
    public static bool IsIn(string salt, string id, double percent)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{salt}\n{id}"));
        var uniform = (BinaryPrimitives.ReadUInt64BigEndian(hash) >> 11) / Whole;
        return uniform * 100 < percent;
    }

    /// <summary>Whether a label names a release.</summary>
    public static bool Contains(string? cohort, string release) =>
        cohort is not null && cohort.Split(Separator).Contains(release, StringComparer.Ordinal);
}
