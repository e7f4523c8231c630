using AspireAgent.Contracts.Config;

namespace AspireAgent.Contracts.Tests.Config;

public class PromptTemplateTests
{
    [Theory]
    [InlineData("Hi {{name}}!", "Hi Ada!")]
    [InlineData("Hi {{ name }}, {{name}}!", "Hi Ada, Ada!")]
    [InlineData("{{unknown}} stays", "{{unknown}} stays")]
    [InlineData("JSON like {\"a\":{\"b\":1}} stays", "JSON like {\"a\":{\"b\":1}} stays")]
    [InlineData("{{{{name}}", "{{name}}")]
    [InlineData("", "")]
    public void Render_Template_FillsWhatItKnows(string template, string text) =>
        Assert.Equal(text, PromptTemplate.Render(template, new Dictionary<string, string> { ["name"] = "Ada" }));

    [Fact]
    public void Render_ValueThatLooksLikeAVariable_IsNotFilledAgain() =>
        Assert.Equal("{{b}}", PromptTemplate.Render("{{a}}", new Dictionary<string, string> { ["a"] = "{{b}}", ["b"] = "no" }));

    [Fact]
    public void VariablesOf_Template_AreEachNamedOnce() =>
        Assert.Equal(["a", "b"], PromptTemplate.VariablesOf("{{a}} {{ b }} {{a}} {{{{c}} {{1x}}"));
}
