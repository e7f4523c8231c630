using System.Text.Json;
using AspireAgent.Agent.Tools;

namespace AspireAgent.Agent.Tests.Tools;

public class ToolArgumentsTests
{
    private const string Schema = """
        {"type":"object","required":["to"],"additionalProperties":false,"properties":{
          "to":{"type":"string"},"count":{"type":"integer"},"share":{"type":["number","null"]},"urgent":{"type":"boolean"},
          "unit":{"enum":["c","f",1]},"tags":{"type":"array","items":{"type":"string"}},
          "at":{"type":"object","required":["x"],"properties":{"x":{"type":"number"}}},
          "free":{},"any":true,"odd":{"type":"thing"},"either":{"anyOf":[{"type":"string"},{"type":"null"}]}}}
        """;

    [Theory]
    [InlineData("""{"to":"a"}""", null)]
    [InlineData("""{"to":"a","count":3,"share":0.5,"urgent":true,"unit":"f","tags":["x"],"at":{"x":1,"y":2},"free":[1],"any":1,"odd":1,"either":7}""", null)]
    [InlineData("""{"to":"a","share":null,"count":2.0,"unit":1,"tags":[]}""", null)]
    [InlineData("{}", "'to' is missing.")]
    [InlineData("""{"to":null}""", "'to' must be of type string.")]
    [InlineData("""{"to":"a","count":2.5}""", "'count' must be of type integer.")]
    [InlineData("""{"to":"a","count":1e999}""", "'count' must be of type integer.")]
    [InlineData("""{"to":"a","count":"2"}""", "'count' must be of type integer.")]
    [InlineData("""{"to":"a","share":"2"}""", "'share' must be of type number or null.")]
    [InlineData("""{"to":"a","urgent":1}""", "'urgent' must be of type boolean.")]
    [InlineData("""{"to":"a","unit":"k"}""", """'unit' must be one of ["c","f",1].""")]
    [InlineData("""{"to":"a","tags":"x"}""", "'tags' must be of type array.")]
    [InlineData("""{"to":"a","tags":["x",2]}""", "'tags[1]' must be of type string.")]
    [InlineData("""{"to":"a","at":[]}""", "'at' must be of type object.")]
    [InlineData("""{"to":"a","at":{}}""", "'at.x' is missing.")]
    [InlineData("""{"to":"a","at":{"x":"1"}}""", "'at.x' must be of type number.")]
    [InlineData("""{"to":"a","cc":"b"}""", "'cc' is not known.")]
    public void Mismatch_ArgumentsAndSchema_NamesTheFirstThatIsWrong(string arguments, string? wrong)
    {
        Assert.True(ToolArguments.TryRead(arguments, out var read));
        Assert.Equal(wrong, ToolArguments.Mismatch(read, JsonElement.Parse(Schema)));
    }

    [Theory]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("""{"type":7,"properties":[],"required":7,"enum":{}}""")]
    public void Mismatch_SchemaThatSaysNothing_TakesAll(string schema)
    {
        Assert.True(ToolArguments.TryRead("""{"a":1}""", out var read));
        Assert.Null(ToolArguments.Mismatch(read, JsonElement.Parse(schema)));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("  ", true)]
    [InlineData("{}", true)]
    [InlineData("null", false)]
    [InlineData("\"a\"", false)]
    [InlineData("{'a':1}", false)]
    [InlineData("""{"a":1} {"b":2}""", false)]
    [InlineData("""{"a":{"b":1,"b":2}}""", false)]
    [InlineData("""{"a":["\ud83d\ude00"]}""", true)]
    [InlineData("""{"a":["\ud83d"]}""", false)]
    [InlineData("""{"\ud83d":1}""", false)]
    public void TryRead_Text_TakesOneObject(string text, bool isObject) => Assert.Equal(isObject, ToolArguments.TryRead(text, out _));

    [Fact]
    public void TryRead_TooDeep_IsNoObject() =>
        Assert.False(ToolArguments.TryRead($$"""{"a":{{new string('[', 10_000)}}{{new string(']', 10_000)}}}""", out _));
}
