using System.Text.Json;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Agent.Tools;
using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Turns;

public class TurnPromptTests
{
    private const string Interrupted = """tool c1: {"error":"interrupted"}""";

    private static readonly ConversationMessage Asks = new("user", "Weather?");
    private static readonly ConversationMessage Calls =
        new("assistant", "", [new ConversationToolCall("c1", "weather", "{}"), new ConversationToolCall("c2", "weather", "{}")]);

    private static readonly TurnStep Step = TurnStep.Empty with
    {
        Calls = [new ToolCalled("c", "clock", "{}", "read-only")], Returns = [new ToolReturned("c", Ok: true, "noon")],
    };

    [Fact]
    public void For_CallersCallsThatWereLeftAlone_AreAnsweredBeforeWhatFollows() => Assert.Equal(
        ["user: Weather?", "assistant: [c1 c2]", Interrupted, """tool c2: {"error":"interrupted"}""", "user: hello"],
        Shown(Of([Asks, Calls])));

    [Fact]
    public void For_CallersCallsOfWhichOneWasLeftAlone_KeepTheAnswerOfTheOther() => Assert.Equal(
        ["user: Weather?", "assistant: [c1 c2]", "tool c2: sunny", Interrupted, "user: hello"],
        Shown(Of([Asks, Calls, new("tool", "sunny", ToolCallId: "c2")])));

    [Fact]
    public void For_CallersCallsThatHisRequestAnswers_AreAsHeSaysThem() => Assert.Equal(
        ["user: Weather?", "assistant: [c1 c2]", "tool c1: sunny", "tool c2: rain"],
        Shown(Of([Asks, Calls, new("tool", "sunny", ToolCallId: "c1"), new("tool", "rain", ToolCallId: "c2")], input: "")));

    [Fact]
    public void For_CallsThatNothingFollows_AreLeftAsTheyAre() =>
        Assert.Equal(["user: Weather?", "assistant: [c1 c2]"], Shown(Of([Asks, Calls], input: "")));

    [Theory]
    [InlineData(0, false, true, "tools")]
    [InlineData(1, false, true, "tools")]
    [InlineData(2, false, true, "tools, none to be called")] // the last round
    [InlineData(1, true, true, "tools, none to be called")] // the kill switch
    [InlineData(0, true, true, "no tools")]
    [InlineData(2, false, false, "no tools")] // the route has none
    public void For_TurnThatMayCallNoTools_StillTellsOfThemWhereItHasCalledSome(int steps, bool killed, bool ofRoute, string expected)
    {
        var options = Of([], steps: steps, killed: killed, ofRoute: ofRoute).Options;

        var seen = options.Tools is not { Count: 1 } ? "no tools" : options.ToolMode is NoneChatToolMode ? "tools, none to be called" : "tools";
        Assert.Equal(expected, seen);
    }

    [Fact]
    public void For_EarlierTurnThatHasCalledTools_StillTellsOfThem()
    {
        var options = Of([Asks, Calls], killed: true).Options;

        Assert.Single(options.Tools!);
        Assert.Equal(ChatToolMode.None, options.ToolMode);
    }

    [Fact]
    public void For_CallersTools_KeepHisChoiceInEachRound()
    {
        var options = Of([], killed: true, asked: Tools("""[{"type":"function","function":{"name":"weather"}}]""", "\"required\"")).Options;

        Assert.Equal("weather", Assert.Single(options.Tools!).Name);
        Assert.Equal(ChatToolMode.RequireAny, options.ToolMode);
    }

    [Theory]
    [InlineData(null, 0, false)]
    [InlineData(null, 1, true)]
    [InlineData("[]", 0, false)]
    [InlineData("""[{"type":"function","function":{"name":"weather"}}]""", 0, true)]
    public void NeedsTools_CallersToolsOrSteps_AreWhy(string? callers, int steps, bool needs)
    {
        var turn = Turn([], "hello", callers is null ? null : Tools(callers));

        Assert.Equal(needs, Prompt(turn).NeedsTools(Running(turn, steps)));
    }

    [Theory]
    [InlineData("""{"type":"json_object"}""", typeof(ChatResponseFormatJson))]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"n","schema":{"type":"object"}}}""", typeof(ChatResponseFormatJson))]
    [InlineData("""{"type":"text"}""", null)]
    [InlineData("""{"type":5}""", null)]
    [InlineData("""{"type":null}""", null)]
    [InlineData("""{"type":"json_schema","json_schema":5}""", null)]
    [InlineData("""{"type":"json_schema","json_schema":{"name":"n","schema":5}}""", null)]
    [InlineData("""{"type":"json_schema","json_schema":{"name":5,"schema":{"type":"object"}}}""", typeof(ChatResponseFormatJson))]
    [InlineData("5", null)]
    public void For_ResponseFormatOfAnyForm_IsNoError(string format, Type? expected) =>
        Assert.Equal(expected, Of([], asked: new InputOptions { ResponseFormat = JsonElement.Parse(format) }).Options.ResponseFormat?.GetType());

    private static ModelRequest Of(
        ConversationMessage[] history, string input = "hello", int steps = 0, bool killed = false, bool ofRoute = true, InputOptions? asked = null)
    {
        var turn = Turn(history, input, asked);
        var route = new ModelRoute("main", "m", new FakeChatClient(), 8_000) { Tools = ofRoute };
        return Prompt(turn).For(route, Running(turn, steps), "", new LiveKnobs { Kill = new KillSwitches { Tools = killed } });
    }

    private static TurnRequest Turn(ConversationMessage[] history, string input, InputOptions? asked)
    {
        var accepted = new InputAccepted("1", input, asked) { Turn = "a" };
        var config = new TurnConfig { SystemPrompt = "rules", MaxToolRounds = 2 };
        return new TurnRequest(
            new TurnInput(accepted, 0, default), new TurnSnapshot(config, new Dictionary<string, long>()), null,
            SessionState.Empty with { Messages = [.. history], Running = new RunningTurn(accepted) });
    }

    private static TurnPrompt Prompt(TurnRequest turn)
    {
        var clock = new Tool(AIFunctionFactory.Create(() => "noon", "clock"), ToolEffect.ReadOnly, TimeSpan.FromSeconds(1));
        return new TurnPrompt(turn, new AnswerTools(turn, new ToolRegistry([clock])), new TokenCounter());
    }

    private static RunningTurn Running(TurnRequest turn, int steps) =>
        turn.State.Running! with { Steps = [.. Enumerable.Repeat(Step, steps)] };

    private static InputOptions Tools(string tools, string choice = "\"auto\"") =>
        new() { Tools = JsonElement.Parse(tools), ToolChoice = JsonElement.Parse(choice) };

    // Without the system prompt.
    private static IEnumerable<string> Shown(ModelRequest request) => request.Messages.Skip(1).Select(message =>
        message.Contents.OfType<FunctionResultContent>().SingleOrDefault() is { } result ? $"tool {result.CallId}: {result.Result}"
        : message.Contents.OfType<FunctionCallContent>().ToList() is { Count: > 0 } calls
            ? $"{message.Role}: [{string.Join(' ', calls.Select(call => call.CallId))}]"
        : $"{message.Role}: {message.Text}");
}
