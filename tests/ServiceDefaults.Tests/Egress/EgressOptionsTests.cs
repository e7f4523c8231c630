using AspireAgent.ServiceDefaults.Egress;

namespace AspireAgent.ServiceDefaults.Tests.Egress;

public class EgressOptionsTests
{
    [Theory]
    [InlineData("api.openai.com", "api.openai.com", true)]
    [InlineData("api.openai.com", "API.OpenAI.com", true)]
    [InlineData("api.openai.com", "api.openai.com.", true)]
    [InlineData("api.openai.com", "openai.com", false)]
    [InlineData("api.openai.com", "x.api.openai.com", false)]
    [InlineData("api.openai.com", "api.openai.com.evil.example", false)]
    [InlineData("*.openai.azure.com", "x.openai.azure.com", true)]
    [InlineData("*.openai.azure.com", "y.x.openai.azure.com", true)]
    [InlineData("*.openai.azure.com", "openai.azure.com", false)]
    [InlineData("*.openai.azure.com", ".openai.azure.com", false)]
    [InlineData("*.openai.azure.com", "evilopenai.azure.com", false)]
    [InlineData("10.0.0.1", "10.0.0.1", true)]
    [InlineData("10.0.0.1", "10.0.0.10", false)]
    public void Hosts_WithOneListed_LetThatAlonePass(string listed, string host, bool passes) =>
        Assert.Equal(passes, new EgressOptions { Hosts = [listed] }.Lists(host));

    [Fact]
    public void Hosts_WithNoneListed_LetAllPass() => Assert.True(new EgressOptions().Lists("anywhere.example"));

    [Theory]
    [InlineData("https://api.openai.com")]
    [InlineData("api.openai.com:443")]
    [InlineData("api.openai.com/v1")]
    [InlineData("*")]
    [InlineData("*openai.com")]
    [InlineData("a.*.com")]
    [InlineData("")]
    public void Host_ThatIsNone_IsInvalid(string host) => Assert.NotNull(Errors(new() { Hosts = [host] }));

    [Theory]
    [InlineData("10.0.0.0")]
    [InlineData("10.0.0.0/33")]
    [InlineData("intranet")]
    [InlineData("")]
    public void Network_ThatIsNone_IsInvalid(string network) => Assert.NotNull(Errors(new() { Networks = [network] }));

    [Fact]
    public void Options_OfEachForm_AreValid() => Assert.Null(Errors(new()
    {
        Hosts = ["api.openai.com", "*.openai.azure.com", "ollama", "10.0.0.1", "fd12::1"],
        Networks = ["10.0.0.0/8", "10.1.2.3/32", "fd12::/16"],
    }));

    private static IEnumerable<string>? Errors(EgressOptions options) => new EgressOptionsValidator().Validate(null, options).Failures;
}
