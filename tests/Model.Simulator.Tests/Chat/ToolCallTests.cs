using System.Text.Json.Nodes;

namespace AspireAgent.Simulator.Tests.Chat;

public sealed class ToolCallTests(RunningSimulator simulator) : IClassFixture<RunningSimulator>
{
    private const string Tools = """
        [{"type":"function","function":{"name":"weather","parameters":{"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}}}}},
         {"type":"function","function":{"name":"clock","parameters":{"type":"object","properties":{}}}},
         {"type":"function","function":{"name":"clock_utc","parameters":{"type":"object","properties":{}}}}]
        """;

    private const string Weather = """weather {"city":"Paris","days":1}""";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ToolCall_OneNamedByTheUser_IsCalled(bool stream)
    {
        var reply = await AskAsync("Use weather for Paris", stream);

        Assert.Equal([Weather], reply.Calls);
        Assert.Equal(("tool_calls", ""), (reply.Finish, reply.Text));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ToolCall_TwoNamedByTheUser_AreBothCalledInTheirOrder(bool stream)
    {
        var reply = await AskAsync("Use clock_utc and weather for Paris", stream);

        Assert.Equal(["clock_utc {}", Weather], reply.Calls);
    }

    [Fact]
    public async Task ToolCall_OneAtATimeDemanded_IsTheFirst()
    {
        var reply = await AskAsync("Use clock and weather for Paris", stream: false, request => request["parallel_tool_calls"] = false);

        Assert.Equal(["clock {}"], reply.Calls);
    }

    [Theory]
    [InlineData("\"required\"", "Hello, Paris", Weather)]
    [InlineData("""{"type":"function","function":{"name":"clock"}}""", "Use weather for Paris", "clock {}")]
    [InlineData("\"none\"", "Use weather for Paris", null)]
    [InlineData("\"auto\"", "Hello, Paris", null)]
    public async Task ToolCall_Choice_Holds(string choice, string text, string? call)
    {
        var reply = await AskAsync(text, stream: false, request => request["tool_choice"] = JsonNode.Parse(choice));

        Assert.Equal(call is null ? [] : [call], reply.Calls);
        Assert.Equal(call is null, reply.Text.Length > 0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ToolCall_Results_AreSaidWordForWordAndNotAskedForAgain(bool stream)
    {
        const string First = "21 °C, 日本 🌦️ \"dry\"", Second = "{\"utc\":\"10:00\"}";
        (string, string)[] results = [("tool", First), ("tool", Second)];

        var reply = await AskAsync("Use weather for Paris", stream, then: results);

        Assert.Empty(reply.Calls);
        Assert.Contains(First, reply.Text, StringComparison.Ordinal);
        Assert.Contains(Second, reply.Text, StringComparison.Ordinal);
        var rest = await AskAsync("Use weather for Paris", stream, then: [.. results, ("assistant", reply.Text[..30])]);
        Assert.Equal(reply.Text[30..], rest.Text);
    }

    private Task<Reply> AskAsync(string text, bool stream, Action<JsonObject>? change = null, params (string, string)[] then)
    {
        var request = RunningSimulator.Request("sim-large", text, then);
        request["tools"] = JsonNode.Parse(Tools);
        change?.Invoke(request);
        return simulator.AskAsync(request, stream);
    }
}
