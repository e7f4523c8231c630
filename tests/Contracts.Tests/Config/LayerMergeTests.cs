using System.Text.Json.Nodes;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Contracts.Tests.Config;

public class LayerMergeTests
{
    [Fact]
    public void Merge_NoLayer_IsTheDefaults()
    {
        var merged = LayerMerge.Merge([]);

        Assert.Equal(AgentConfig.Default.Live, merged.Config.Live);
        Assert.Equal(AgentConfig.Default.Turn.SystemPrompt, merged.Config.Turn.SystemPrompt);
        Assert.Equal(AgentConfig.Default.Turn.MaxOutputTokens, merged.Config.Turn.MaxOutputTokens);
        Assert.Equal(ConfigProperties.All.Select(property => property.Path).Order(), merged.Provenance.Keys.Order());
        Assert.All(merged.Provenance.Values, layer => Assert.Equal("defaults", layer));
    }

    [Fact]
    public void Merge_Layers_TheLaterGoesOverTheEarlierAndEachPropertyNamesItsLayer()
    {
        var merged = LayerMerge.Merge(
        [
            Of(Layer.Global, "", """{"systemPrompt":"global","plan":"small","guards":{"stallSeconds":4,"loopRun":9},"temperature":0.1}"""),
            Of(Layer.Release, "terse", """{"systemPrompt":"release"}"""),
            Of(Layer.Group, "vip", """{"plan":"large","guards":{"stallSeconds":3}}"""),
            Of(Layer.Tenant, "acme", """{"language":"de"}"""),
            Of(Layer.Session, "", """{"temperature":0.9,"language":"fr"}"""),
        ]);

        Assert.Equal(("release", "large", "fr"), (merged.Config.Turn.SystemPrompt, merged.Config.Turn.Plan, merged.Config.Turn.Language));
        Assert.Equal((3.0, 9, 0.9), (merged.Config.Live.Guards.StallSeconds, merged.Config.Live.Guards.LoopRun, merged.Config.Live.Temperature));
        Assert.Equal("release/terse", merged.Provenance["systemPrompt"]);
        Assert.Equal("group/vip", merged.Provenance["plan"]);
        Assert.Equal("group/vip", merged.Provenance["guards.stallSeconds"]);
        Assert.Equal("global", merged.Provenance["guards.loopRun"]);
        Assert.Equal("session", merged.Provenance["language"]);
        Assert.Equal("defaults", merged.Provenance["maxOutputTokens"]);
        Assert.Equal(["global", "group/vip", "release/terse", "session", "tenant/acme"], merged.Revisions.Keys.Order());
    }

    [Fact]
    public void Merge_Null_TakesAwayWhatIsBelowSoThatTheDefaultHolds()
    {
        var merged = LayerMerge.Merge([Of(Layer.Global, "", """{"plan":"small","temperature":0.1}"""), Of(Layer.Tenant, "acme", """{"plan":null}""")]);

        Assert.Null(merged.Config.Turn.Plan);
        Assert.Equal(0.1, merged.Config.Live.Temperature);
        Assert.Equal("tenant/acme", merged.Provenance["plan"]);
    }

    [Fact]
    public void Merge_Maps_MergeEntryByEntry()
    {
        var merged = LayerMerge.Merge(
        [
            Of(Layer.Global, "", """{"tools":{"clock":true,"search":true},"promptVariables":{"brand":"A","tone":"warm"}}"""),
            Of(Layer.Tenant, "acme", """{"tools":{"search":false},"promptVariables":{"brand":"B","tone":null}}"""),
        ]);

        Assert.Equal(new Dictionary<string, bool> { ["clock"] = true, ["search"] = false }, merged.Config.Turn.Tools);
        Assert.Equal(new Dictionary<string, string> { ["brand"] = "B" }, merged.Config.Turn.PromptVariables);
        Assert.Equal(("global", "tenant/acme"), (merged.Provenance["tools.clock"], merged.Provenance["tools.search"]));
    }

    [Theory]
    [InlineData("""{"guards":{"stallSeconds":2}}""", """{"guards":{"stallSeconds":10}}""", 2)]
    [InlineData("""{"guards":{"stallSeconds":10}}""", """{"guards":{"stallSeconds":2}}""", 2)]
    [InlineData("{}", """{"guards":{"stallSeconds":60}}""", 5)]
    [InlineData("""{"guards":{"stallSeconds":60}}""", "{}", 60)]
    public void Merge_Limits_ALowerLayerOnlyTightens(string global, string tenant, double stallSeconds) =>
        Assert.Equal(stallSeconds, LayerMerge.Merge([Of(Layer.Global, "", global), Of(Layer.Tenant, "acme", tenant)]).Config.Live.Guards.StallSeconds);

    [Fact]
    public void Merge_LimitWhereHigherIsTighter_OnlyRises()
    {
        var merged = LayerMerge.Merge(
        [
            Of(Layer.Global, "", """{"guards":{"dripTokensPerSecond":2}}"""),
            Of(Layer.Group, "vip", """{"guards":{"dripTokensPerSecond":3}}"""),
            Of(Layer.Tenant, "acme", """{"guards":{"dripTokensPerSecond":1}}"""),
        ]);

        Assert.Equal(3, merged.Config.Live.Guards.DripTokensPerSecond);
    }

    [Fact]
    public void Merge_ValueThatCannotBeReadHere_IsPassedOverAlone()
    {
        var merged = LayerMerge.Merge(
        [
            Of(Layer.Global, "", """{"verbosity":"terse","temperature":0.5}"""),
            Of(Layer.Tenant, "acme", """{"verbosity":"chatty","temperature":0.7,"newer":{"setting":1}}"""),
        ]);

        Assert.Equal((Verbosity.Terse, 0.7), (merged.Config.Turn.Verbosity, merged.Config.Live.Temperature));
        Assert.Equal("global", merged.Provenance["verbosity"]);
    }

    [Fact]
    public void Merge_NamesThatDifferByCase_StayTwoThroughTheWire()
    {
        var written = new ConfigLayers(
            new LayerVersion(1, JsonNode.Parse("""{"tools":{"Clock":true,"clock":false}}""")!.AsObject()),
            new Dictionary<string, LayerVersion>(), [], new Dictionary<string, long>());
        var text = System.Text.Json.JsonSerializer.Serialize(written, Contracts.Json.WireJson.Types.ConfigLayers);

        var read = System.Text.Json.JsonSerializer.Deserialize(text, Contracts.Json.WireJson.Tolerant.ConfigLayers)!;

        var merged = LayerMerge.Merge([.. read.For(new Audience("x"), null), Of(Layer.Session, "", """{"temperature":1}""")]);
        Assert.Equal(new Dictionary<string, bool> { ["Clock"] = true, ["clock"] = false }, merged.Config.Turn.Tools);
    }

    [Fact]
    public void Merge_ShadowsVariant_KeepsItsNulls()
    {
        var merged = LayerMerge.Merge([Of(Layer.Global, "", """{"shadow":{"variant":{"temperature":null}}}""")]);

        Assert.Equal("""{"temperature":null}""", merged.Config.Turn.Shadow.Variant!.ToJsonString());
    }

    [Theory]
    [InlineData(Layer.Release)]
    [InlineData(Layer.Group)]
    [InlineData(Layer.Tenant)]
    [InlineData(Layer.Session)]
    public void Merge_KillSwitchSetGlobally_StaysWhateverALowerLayerSays(Layer layer)
    {
        var merged = LayerMerge.Merge([Of(Layer.Global, "", """{"kill":{"answers":true}}"""), Of(layer, "x", """{"kill":{"answers":false}}""")]);

        Assert.True(merged.Config.Live.Kill.Answers);
        Assert.Equal("global", merged.Provenance["kill.answers"]);
    }

    [Fact]
    public void Layers_ForAnAudience_AreThoseThatConcernIt()
    {
        var layers = new ConfigLayers(
            new LayerVersion(3, []),
            new Dictionary<string, LayerVersion> { ["vip"] = new(2, []), ["staff"] = new(1, []) },
            [
                Release("a", ReleaseState.Running), Release("b", ReleaseState.RolledBack), Release("c", ReleaseState.Paused), Release("d", ReleaseState.Promoted),
            ],
            new Dictionary<string, long> { ["acme"] = 4 });

        Assert.Equal(
            ["global", "release/a", "release/c", "group/vip", "tenant/acme"],
            layers.For(new Audience("acme", "vip", "a+b+c+d"), new LayerVersion(4, [])).Select(layer => layer.Label));
        Assert.Equal(["global"], layers.For(new Audience("other", null, Cohort.Stable), new LayerVersion(0, [])).Select(layer => layer.Label));
    }

    private static Release Release(string name, ReleaseState state) => new(name, 1, [], 5, "salt", state, DateTimeOffset.UnixEpoch);

    private static ConfigLayer Of(Layer kind, string name, string document) => new(kind, name, 1, JsonNode.Parse(document)!.AsObject());
}
