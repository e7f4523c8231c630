using System.Reactive.Linq;
using AspireAgent.Agent.Tools;
using AspireAgent.Agent.Tools.BuiltIn;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace AspireAgent.Agent.Tests.Tools;

public class ToolRegistryTests
{
    [Fact]
    public void For_SwitchesOfTheConfiguration_TurnToolsOff()
    {
        var registry = new ToolRegistry([Named("a"), Named("b"), Named("c")]);
        var config = new TurnConfig { Tools = new Dictionary<string, bool> { ["a"] = false, ["b"] = true, ["gone"] = false } };

        Assert.Equal(["b", "c"], registry.For(config).Select(tool => tool.Name));
        Assert.Equal(["a", "b", "c"], registry.For(new TurnConfig()).Select(tool => tool.Name));
        Assert.Equal("a", registry.Find("a")!.Name);
        Assert.Null(registry.Find("A"));
        Assert.Empty(new ToolRegistry([]).For(config));
    }

    [Fact]
    public void Registry_ToolsThatDoNotFit_NamesAllThatIsWrong()
    {
        Assert.Equal("There are 2 tools of the name 'a'.", Refusal(Named("a"), Named("a")));
        Assert.Equal("The tool 'no good' needs a name of 1 to 64 letters, digits, '_' and '-'.", Refusal(Named("no good")));
        Assert.Equal("The tool 'a' needs times greater than zero.", Refusal(Named("a") with { Timeout = TimeSpan.Zero }));
        Assert.Equal("The tool 'a' needs times greater than zero.", Refusal(Named("a") with { HedgeAfter = TimeSpan.Zero }));
        Assert.Equal("The tool 'a' is hedged with 'a', which is no other tool.", Refusal(Named("a") with { HedgeWith = "a" }));
        Assert.Equal(
            "The tool 'a' is hedged with 'b', and both must be read-only.",
            Refusal(Named("a") with { HedgeWith = "b" }, Named("b") with { Effect = ToolEffect.Idempotent }));
        Assert.Equal(
            "The tool 'a' is hedged with 'b', and both must be read-only.",
            Refusal(Named("a") with { HedgeWith = "b", Effect = ToolEffect.Effectful }, Named("b")));
        Assert.Equal(
            "The tool 'a' is hedged with 'x', which is no other tool. The tool 'b' is hedged with 'y', which is no other tool.",
            Refusal(Named("a") with { HedgeWith = "x" }, Named("b") with { HedgeWith = "y" }));

        static string Refusal(params Tool[] tools) => Assert.Throws<InvalidOperationException>(() => new ToolRegistry(tools)).Message;
    }

    [Fact]
    public void AddTools_WithOneMore_HasItBesideTheBuiltIns()
    {
        using var provider = new ServiceCollection().AddMetrics().AddLogging().AddSingleton(TimeProvider.System)
            .AddTools(_ => Observable.Return(new LiveKnobs())).AddSingleton(Named("more")).BuildServiceProvider();

        Assert.NotNull(provider.GetRequiredService<ToolRunner>());
        Assert.Equal(
            [CalculatorTool.Name, ClockTool.Name, "more"],
            provider.GetRequiredService<ToolRegistry>().For(new TurnConfig()).Select(tool => tool.Name).Order(StringComparer.Ordinal));
    }

    private static Tool Named(string name) => new(AIFunctionFactory.Create(() => 1, name), ToolEffect.ReadOnly, TimeSpan.FromSeconds(1));
}
