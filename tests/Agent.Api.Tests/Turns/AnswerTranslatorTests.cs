using AspireAgent.Agent.Turns;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Turns;

public class AnswerTranslatorTests
{
    [Fact]
    public void Translate_CallsWithIdsOfTheirOwn_KeepThem() => Assert.Equal(["a", "b"], Ids(Translator(), "a", "b"));

    [Fact]
    public void Translate_CallsWithoutAnId_GetOnesThatDiffer() => Assert.Equal(["call-1", "call-2", "call-3"], Ids(Translator(), "", " ", ""));

    [Fact]
    public void Translate_IdsThatBeginAnewWithEachResponse_AreUniqueInTheTurn()
    {
        var translator = Translator();

        Assert.Equal(["call_0", "call_1"], Ids(translator, "call_0", "call_1"));
        translator.Begin("m", null);
        Assert.Equal(["call_0-1", "call_1-1"], Ids(translator, "call_0", "call_1"));
        translator.Begin("m", null);
        Assert.Equal(["call_0-2", "call_0-3"], Ids(translator, "call_0", "call_0"));
    }

    [Fact]
    public void Translate_TurnThatGoesOn_KnowsTheIdsOfItsFormerOwner()
    {
        var turn = new RunningTurn(new InputAccepted("1", "hello"))
        {
            Steps = [TurnStep.Empty with { Calls = [new ToolCalled("call_0", "clock", "{}", "read-only")] }],
            Step = TurnStep.Empty with { Calls = [new ToolCalled("call-1", "clock", "{}", "read-only")] },
        };

        Assert.Equal(["call_0-1", "call-2"], Ids(Translator(turn.CallIds), "call_0", ""));
    }

    [Fact]
    public void Translate_ArgumentsThatAreNoJson_IsRefused()
    {
        var broken = new FunctionCallContent("c", "clock") { Exception = new InvalidOperationException() };

        Assert.Throws<InvalidDataException>(() => Translator().Translate(new ChatResponseUpdate(ChatRole.Assistant, [broken])).ToList());
    }

    private static AnswerTranslator Translator(IEnumerable<string>? usedIds = null) =>
        new("turn", "1", "p", _ => "read-only", new TurnBill(new TokenCounter()), usedIds: usedIds);

    private static IEnumerable<string> Ids(AnswerTranslator translator, params string[] given) =>
        [.. translator
            .Translate(new ChatResponseUpdate(ChatRole.Assistant, [.. given.Select(id => new FunctionCallContent(id, "clock"))]))
            .Cast<ToolCalled>().Select(call => call.Call)];
}
