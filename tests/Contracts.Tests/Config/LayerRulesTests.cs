using System.Text.Json.Nodes;
using AspireAgent.Contracts.Config;

namespace AspireAgent.Contracts.Tests.Config;

public class LayerRulesTests
{
    [Fact]
    public void Errors_ManyMistakes_AreAllNamedAtOnce()
    {
        var errors = LayerRules.Errors(Parse("""
            {"systemPrompt":"","temperature":7,"topP":"hot","maxOutputTokens":1.5,"verbosity":"loud","language":"not a tag","nothing":1,
             "guards":{"stallSeconds":0,"none":true},"kill":true,"tools":{"a b":true},"promptVariables":{"x":1},"shadow":{"variant":{"topP":2}}}
            """));

        Assert.Equal(
            [
                "guards.none", "guards.stallSeconds", "kill", "language", "maxOutputTokens", "nothing", "promptVariables", "shadow.variant",
                "systemPrompt", "temperature", "tools", "topP", "verbosity",
            ],
            errors.Keys.Order());
        Assert.Equal(["One of \"terse\", \"normal\", \"detailed\" is expected."], errors["verbosity"]);
    }

    [Theory]
    [InlineData("""{"guards.stallSeconds":3}""", "guards.stallSeconds")]
    [InlineData("""{"verbosity":1}""", "verbosity")]
    [InlineData("""{"verbosity":"1"}""", "verbosity")]
    [InlineData("""{"verbosity":"Terse"}""", "verbosity")]
    [InlineData("""{"verbosity":"terse, detailed"}""", "verbosity")]
    [InlineData("""{"Temperature":1}""", "Temperature")]
    [InlineData("""{"language":""}""", "language")]
    [InlineData("""{"shadow":{"variant":{"shadow":{}}}}""", "shadow.variant")]
    [InlineData("""{"tools":{"a":"yes"}}""", "tools")]
    [InlineData("""{"temperature":1e999}""", "temperature")]
    [InlineData("""{"maxOutputTokens":99999999999999999999}""", "maxOutputTokens")]
    public void Errors_NearlyRight_AreFound(string document, string path) => Assert.Equal([path], LayerRules.Errors(Parse(document)).Keys);

    [Fact]
    public void Errors_TooDeep_AreFound()
    {
        var deep = new JsonObject();
        for (var i = 0; i < 40; i++)
        {
            deep = new JsonObject { ["shadow"] = new JsonObject { ["variant"] = deep } };
        }

        Assert.Single(LayerRules.Errors(deep));
    }

    [Fact]
    public void Errors_MapsThatAreTooLargeTogether_AreFound()
    {
        static ConfigLayer Variables(Layer kind, string prefix) => new(kind, "x", 1, new JsonObject
        {
            ["promptVariables"] = new JsonObject(Enumerable.Range(0, 40).Select(i => KeyValuePair.Create($"{prefix}{i}", (JsonNode?)"v"))),
        });

        Assert.Equal(["promptVariables"], LayerRules.Errors(LayerMerge.Merge([Variables(Layer.Global, "a"), Variables(Layer.Group, "b")])).Keys);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("""{"tools":{"Clock":true,"clock":false},"promptVariables":{"A":"1","a":"2"}}""")]
    [InlineData("""{"systemPrompt":null,"temperature":null,"guards":{"loopRun":null},"tools":null}""")]
    [InlineData("""{"systemPrompt":"Hi {{name}}","promptVariables":{"name":"A"},"tools":{"clock":false,"gone":null},"language":"pt-BR"}""")]
    [InlineData("""{"shadow":{"percent":5,"variant":{"systemPrompt":"other"}},"temperature":1,"guards":{"stallSeconds":1}}""")]
    public void Errors_ValidDocument_HasNone(string document) => Assert.Empty(LayerRules.Errors(Parse(document)));

    [Fact]
    public void Errors_DefaultsOfEveryProperty_AreValid()
    {
        Assert.All(ConfigProperties.All, property => Assert.Empty(LayerRules.Errors(Nest(property.Path, property.Default?.DeepClone()))));
        Assert.Empty(LayerRules.Errors(LayerMerge.Merge([])));
    }

    [Theory]
    [InlineData("""{"systemPrompt":"I am {{brand}}, {{ tone }}."}""", "systemPrompt")]
    [InlineData("""{"contextTokens":1024,"maxOutputTokens":1024}""", "maxOutputTokens")]
    public void Errors_OfTheMergedWhole_AreFound(string document, string path) => Assert.Equal(
        [path], LayerRules.Errors(LayerMerge.Merge([new ConfigLayer(Layer.Global, "", 1, Parse(document))])).Keys);

    [Theory]
    [InlineData(Layer.Global, "")]
    [InlineData(Layer.Release, "kill.answers,shadow.percent")]
    [InlineData(Layer.Group, "kill.answers,shadow.percent")]
    [InlineData(Layer.Tenant, "kill.answers,shadow.percent")]
    [InlineData(Layer.Session, "kill.answers,plan,shadow.percent,systemPrompt")]
    public void Forbidden_ByLayer_IsWhatItsAttributesSay(Layer layer, string forbidden)
    {
        var document = Parse("""
            {"systemPrompt":"x","plan":"large","verbosity":"terse","language":"de","inputPolicy":"queue","temperature":0.5,"topP":1,
             "maxOutputTokens":5,"kill":{"answers":false},"shadow":{"percent":1}}
            """);

        Assert.Equal(forbidden, string.Join(',', LayerRules.Forbidden(document, layer).Order()));
    }

    [Fact]
    public void Forbidden_OfASession_LeavesVerbosityLanguageInputPolicyAndSampling() => Assert.Equal(
        ["inputPolicy", "language", "maxOutputTokens", "temperature", "topP", "verbosity"],
        ConfigProperties.All.Where(property => property.UpTo is Layer.Session).Select(property => property.Path).Order());

    [Theory]
    [InlineData("""{"maxOutputTokens":2000}""", true)]
    [InlineData("""{"maxOutputTokens":500}""", false)]
    [InlineData("""{"maxOutputTokens":null}""", true)]
    [InlineData("""{"contextTokens":8000}""", true)]
    [InlineData("""{"contextTokens":null}""", true)]
    [InlineData("""{"guards":{"dripTokensPerSecond":0.1}}""", true)]
    public void Loosened_LowerLayer_MayOnlyTighten(string document, bool loosens)
    {
        var above = Parse("""{"maxOutputTokens":500,"contextTokens":4000,"guards":{"dripTokensPerSecond":1}}""");

        Assert.Equal(loosens, LayerRules.Loosened(Parse(document), Layer.Tenant, above).Count > 0);
        Assert.Empty(LayerRules.Loosened(Parse(document), Layer.Global, above));
    }

    private static JsonObject Parse(string json) => JsonNode.Parse(json)!.AsObject();

    private static JsonObject Nest(string path, JsonNode? value) => path.Split('.') switch
    {
        [var section, var name] => new JsonObject { [section] = new JsonObject { [name] = value } },
        _ => new JsonObject { [path] = value },
    };
}
