using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace AspireAgent.Simulator.Tests.Embeddings;

public sealed class EmbeddingsTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    [Fact]
    public async Task Embeddings_TextsThatShareWords_AreNearer()
    {
        using var response = await simulator.Client.PostAsJsonAsync("/v1/embeddings", new
        {
            model = "sim-embedding",
            input = new[] { "a circuit breaker has three states", "the states of a circuit breaker", "bananas are yellow fruit" },
        });
        var vectors = (await response.Content.ReadFromJsonAsync<JsonObject>())!["data"]!.AsArray()
            .Select(item => item!["embedding"]!.AsArray().Select(value => (double)value!).ToArray()).ToList();

        Assert.All(vectors, vector => Assert.Equal(1, vector.Sum(value => value * value), 3));
        Assert.True(Dot(vectors[0], vectors[1]) > Dot(vectors[0], vectors[2]));

        static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
    }
}
