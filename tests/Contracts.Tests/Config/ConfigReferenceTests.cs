using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text;
using System.Text.Json;
using AspireAgent.Contracts.Config;
using AspireAgent.Testing;

namespace AspireAgent.Contracts.Tests.Config;

/// <summary>
/// The table in <c>docs/configuration.md</c> is what the attributes say. <c>WRITE_DOCS=1 ./test Contracts</c> writes it anew.
/// </summary>
public class ConfigReferenceTests
{
    private const string Begin = "<!-- generated from the attributes: WRITE_DOCS=1 ./test Contracts -->\n";
    private const string End = "<!-- end of what is generated -->";

    [Fact]
    public async Task Reference_InTheDocs_IsWhatTheAttributesSay()
    {
        var path = Path.Combine(Repository.Root, "docs", "configuration.md");
        var text = await File.ReadAllTextAsync(path);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, text.IndexOf(End, StringComparison.Ordinal));
        if (Environment.GetEnvironmentVariable("WRITE_DOCS") == "1")
        {
            await File.WriteAllTextAsync(path, text = text[..begin] + Table() + text[end..]);
            end = text.IndexOf(End, StringComparison.Ordinal);
        }

        Assert.Equal(Table(), text[begin..end]);
    }

    [Fact]
    public void Properties_Each_HasADescription() => Assert.All(ConfigProperties.All, property => Assert.EndsWith(".", property.Description, StringComparison.Ordinal));

    [Fact]
    public void Properties_OfTheTwoRecords_TakeEffectAsTheirRecordSays()
    {
        Assert.All(ConfigProperties.All, property => Assert.Equal(
            property.Path.Split('.')[0] is "guards" or "resilience" or "budget" or "kill" or "temperature" or "topP", property.Takes is Effect.Immediately));
        Assert.All(
            ConfigProperties.All.Where(property => property.Path.Split('.')[0] is "resilience" or "budget" or "kill"),
            property => Assert.Equal(Layer.Global, property.UpTo));
    }

    private static string Table()
    {
        var table = new StringBuilder("| property | takes effect | set by | default | bounds | what it is |\n| --- | --- | --- | --- | --- | --- |\n");
        foreach (var property in ConfigProperties.All)
        {
            table.Append(CultureInfo.InvariantCulture, $"| `{property.Path}` ")
                .Append(property.Takes is Effect.Immediately ? "| **immediately** " : "| next turn ")
                .Append(CultureInfo.InvariantCulture, $"| {Who(property)} ")
                .Append(CultureInfo.InvariantCulture, $"| {(property.Default is { } value ? $"`{value.ToJsonString(Readable)}`" : "none")} ")
                .Append(CultureInfo.InvariantCulture, $"| {Bounds(property)} ")
                .Append(CultureInfo.InvariantCulture, $"| {property.Description}{(property.IsReserved ? " *Nothing acts on it yet.*" : "")} |\n");
        }

        return table.ToString();
    }

    private static readonly JsonSerializerOptions Readable = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static string Who(ConfigProperty property) => (property.UpTo, property.Limit) switch
    {
        (Layer.Global, _) => "global only",
        (var layer, null) => $"down to {layer.ToString().ToLowerInvariant()}",
        (var layer, { HigherIsTighter: true }) => $"down to {layer.ToString().ToLowerInvariant()}, which may raise it",
        (var layer, _) => $"down to {layer.ToString().ToLowerInvariant()}, which may lower it",
    };

    private static string Bounds(ConfigProperty property)
    {
        var bounds = string.Join(", ", property.Rules.Select(rule => rule switch
        {
            RangeAttribute range => FormattableString.Invariant($"{range.Minimum} to {range.Maximum}"),
            StringLengthAttribute length => FormattableString.Invariant($"{length.MinimumLength} to {length.MaximumLength} characters"),
            RegularExpressionAttribute pattern => $"`{pattern.Pattern}`",
            EntriesAttribute entries => FormattableString.Invariant($"{entries.Most} entries"),
            _ => "",
        }).Where(text => text.Length > 0));
        var unit = property.Unit is { } counted and not "characters" ? counted : "";
        var type = Nullable.GetUnderlyingType(property.Type) ?? property.Type;
        var choice = type.IsEnum ? string.Join(", ", type.GetEnumValues().Cast<object>().Select(one => $"`{JsonSerializer.Serialize(one, type).Trim('"')}`"))
            : type == typeof(bool) ? "`true`, `false`"
            : "";
        return string.Join(' ', new[] { choice, bounds, unit }.Where(text => text.Length > 0));
    }
}
