using System.Text.Json.Nodes;
using AspireAgent.Contracts.Config;
using BenchmarkDotNet.Attributes;

namespace AspireAgent.Bench.Turns;

/// <summary>The merge that a pod does once for each audience, and for each session with a layer of its own, when a layer changes.</summary>
[MemoryDiagnoser]
public class MergeBench
{
    private readonly List<ConfigLayer> _layers =
    [
        Of(Layer.Global, "", """{"systemPrompt":"PROMPT","guards":{"stallSeconds":4,"loopRun":9},"temperature":0.1,"tools":{"clock":true,"search":true}}"""
            .Replace("PROMPT", new string('x', 4_000), StringComparison.Ordinal)),
        Of(Layer.Release, "terse", """{"promptVersion":"terse"}"""),
        Of(Layer.Group, "vip", """{"plan":"large"}"""),
        Of(Layer.Tenant, "acme", """{"language":"de","maxOutputTokens":500,"tools":{"search":false}}"""),
        Of(Layer.Session, "", """{"verbosity":"terse"}"""),
    ];

    [Benchmark]
    public EffectiveConfig Merge() => LayerMerge.Merge(_layers);

    private static ConfigLayer Of(Layer kind, string name, string document) => new(kind, name, 1, JsonNode.Parse(document)!.AsObject());
}
