using System.Text.RegularExpressions;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Config.Layers;

/// <summary>Which layer: <c>global</c>, <c>group/{name}</c> or <c>tenant/{name}</c>.</summary>
internal sealed partial record Scope
{
    private Scope(Layer kind, string name) => (Kind, Name) = (kind, name);

    public static Scope Global { get; } = new(Layer.Global, "");

    public Layer Kind { get; }

    public string Name { get; }

    /// <summary>A group's or a tenant's; null: that is no name.</summary>
    public static Scope? Of(Layer kind, string name) =>
        kind is Layer.Group or Layer.Tenant && NamePattern().IsMatch(name) ? new Scope(kind, name) : null;

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static Scope? Parse(string text) => text == "global" ? Global
        : text.Split('/', 2) is [var kind, var name] && Enum.TryParse<Layer>(kind, ignoreCase: true, out var layer) ? Of(layer, name)
        : null;

    public override string ToString() => new ConfigLayer(Kind, Name, 0, []).Label;

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._@:-]{0,127}\z")]
    private static partial Regex NamePattern();
}
