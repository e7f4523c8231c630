using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Models.Clients;

public class ToolCallsChatClientTests
{
    [Theory]
    [InlineData("c1", "", "c1", "{}")]
    [InlineData("c1", " ", "c1", "{}")]
    [InlineData("c1", null, "c1", "{}")]
    [InlineData("c1", "{}", "c1", "{}")]
    [InlineData("c1", """{"city":"Rome"}""", "c1", """{"city":"Rome"}""")]
    [InlineData(null, "{}", "", "{}")]
    [InlineData("", "", "", "{}")]
    public async Task Call_OfATool_HasAnIdAndAnObject(string? id, string? arguments, string seenId, string seenArguments)
    {
        var call = Assert.Single(await CallsAsync(Piece(0, id, "clock", arguments)));

        Assert.Null(call.Exception);
        Assert.Equal((seenId, "clock", seenArguments), (call.CallId, call.Name, JsonSerializer.Serialize(call.Arguments)));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[1]")]
    [InlineData("5")]
    public async Task Call_WithArgumentsThatAreNoObject_SaysSo(string arguments) =>
        Assert.NotNull(Assert.Single(await CallsAsync(Piece(0, "c1", "clock", arguments))).Exception);

    [Fact]
    public async Task Calls_InPieces_AreWhole()
    {
        var calls = await CallsAsync(
            Piece(0, "c1", "sum", """{"a":"""), Piece(1, null, "clock", ""), Piece(0, null, null, "1}"), Piece(1, null, null, "{}"));

        Assert.Equal(
            ["c1 sum {\"a\":1}", " clock {}"], calls.Select(call => $"{call.CallId} {call.Name} {JsonSerializer.Serialize(call.Arguments)}"));
    }

    [Fact]
    public async Task Calls_AfterWords_KeepWordsModelAndReason()
    {
        var response = await AnswerAsync(Delta(new JsonObject { ["role"] = "assistant", ["content"] = "So" }), Piece(0, null, "clock", ""));

        Assert.Equal(("So", "m", ChatFinishReason.ToolCalls), (response.Text, response.ModelId, response.FinishReason));
    }

    private static async Task<List<FunctionCallContent>> CallsAsync(params JsonObject[] lines) =>
        [.. (await AnswerAsync(lines)).Messages.SelectMany(message => message.Contents).OfType<FunctionCallContent>()];

    private static async Task<ChatResponse> AnswerAsync(params JsonObject[] lines)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor);
        var calling = route.Client.GetStreamingResponseAsync([new ChatMessage(ChatRole.User, "Say it.")]).ToChatResponseAsync();
        var call = await vendor.NextAsync();
        foreach (var line in lines)
        {
            await call.SendAsync(line);
        }

        await call.FinishAsync("tool_calls");
        return await calling.WaitAsync(TimeSpan.FromSeconds(60));
    }

    private static JsonObject Piece(int index, string? id, string? name, string? arguments)
    {
        var function = new JsonObject();
        var call = new JsonObject { ["index"] = index, ["function"] = function };
        Put(call, "id", id);
        Put(function, "name", name);
        Put(function, "arguments", arguments);
        return Delta(new JsonObject { ["tool_calls"] = new JsonArray(call) });
    }

    private static void Put(JsonObject to, string name, string? value)
    {
        if (value is not null)
        {
            to[name] = value;
        }
    }

    private static JsonObject Delta(JsonObject delta) => new()
    {
        ["id"] = "1",
        ["object"] = "chat.completion.chunk",
        ["created"] = 1,
        ["model"] = "m",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = null }),
    };
}
