using System.Text.Json.Nodes;
using AspireAgent.Contracts.Config;
using CsCheck;

namespace AspireAgent.Contracts.Tests;

public class MergePatchTests
{
    /// <summary>RFC 7396, appendix A.</summary>
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", """{}""")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""["a","b"]""", """["c","d"]""", """["c","d"]""")]
    [InlineData("""{"a":"b"}""", """["c"]""", """["c"]""")]
    [InlineData("""{"a":"foo"}""", "null", "null")]
    [InlineData("""{"a":"foo"}""", "\"bar\"", "\"bar\"")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("""[1,2]""", """{"a":"b","c":null}""", """{"a":"b"}""")]
    [InlineData("""{}""", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    public void Apply_ExamplesOfTheRfc_Hold(string target, string patch, string result)
    {
        var merged = MergePatch.Apply(JsonNode.Parse(target), JsonNode.Parse(patch));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(result), merged), merged?.ToJsonString() ?? "null");
    }

    [Fact]
    public void Apply_AnyPatch_TwiceIsOnceAndTheArgumentsStay() =>
        Gen.Select(Documents(2), Documents(2)).Sample(
            (target, patch) =>
            {
                var (targetBefore, patchBefore) = (target.ToJsonString(), patch.ToJsonString());
                var once = MergePatch.Apply(target, patch);

                Assert.True(JsonNode.DeepEquals(once, MergePatch.Apply(once, patch)), $"{targetBefore} {patchBefore}");
                Assert.Equal((targetBefore, patchBefore), (target.ToJsonString(), patch.ToJsonString()));
            },
            iter: 10_000);

    // Objects of few names, so that the three meet; a leaf is null, a number or a text.
    private static Gen<JsonObject> Documents(int depth)
    {
        var leaf = Gen.Int[0, 4].Select(n => n == 0 ? null : n == 4 ? (JsonNode?)"text" : (JsonNode?)n);
        var value = depth == 0 ? leaf : Gen.Select(Gen.Bool, leaf, Documents(depth - 1), (simple, node, inner) => simple ? node : inner);
        return Gen.Select(Gen.Int[0, 2].Select(i => "abc"[i].ToString()), value).List[0, 3].Select(members =>
        {
            var made = new JsonObject();
            foreach (var (name, node) in members)
            {
                made[name] = node?.DeepClone();
            }

            return made;
        });
    }
}
