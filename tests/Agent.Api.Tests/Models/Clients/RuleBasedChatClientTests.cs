using AspireAgent.Agent.Models.Clients;
using AspireAgent.Contracts.Config;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Models.Clients;

public class RuleBasedChatClientTests
{
    private static readonly LastResortConfig Config = new()
    {
        Answer = "Sorry.",
        Answers = new Dictionary<string, string> { ["refund"] = "See refunds.", ["card"] = "See cards.", ["hours"] = "Nine to five.", ["退款"] = "请稍后再试。" },
    };

    [Theory]
    [InlineData("Hello", false, "Sorry.")]
    [InlineData("Hello", true, "Sorry.")]
    [InlineData("My REFUND?", false, "See refunds.")]
    [InlineData("My REFUND?", true, "See refunds.")]
    [InlineData("A refund on my card", false, "See refunds.")] // the longer
    [InlineData("No cards", false, "Sorry.")]
    [InlineData("我要退款", true, "请稍后再试。")]
    [InlineData("", true, "Sorry.")]
    public async Task Call_UsersWords_AnsweredByRule(string asked, bool isStreaming, string answer)
    {
        var response = await CallAsync(Config, isStreaming, new ChatMessage(ChatRole.User, asked));

        Assert.Equal(answer, response.Text);
        Assert.Equal(("rule-based", ChatFinishReason.Stop), (response.ModelId, response.FinishReason));
        Assert.Equal((0L, 0L), (response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount));
    }

    [Fact]
    public async Task Call_Conversation_OnlyTheUsersLastWordsCount()
    {
        var response = await CallAsync(
            Config, isStreaming: true,
            new(ChatRole.System, "card"), new(ChatRole.User, "refund"), new(ChatRole.Assistant, "card"), new(ChatRole.User, "hours"),
            new(ChatRole.Assistant, "card"), new(ChatRole.Tool, "refund"));

        Assert.Equal("Nine to five.", response.Text);
    }

    [Fact]
    public async Task Stream_Answer_IsOneUpdate()
    {
        using var client = new RuleBasedChatClient(Config);

        var update = Assert.Single(await client.GetStreamingResponseAsync("Hello").ToListAsync(TestContext.Current.CancellationToken));

        Assert.Equal(("Sorry.", RuleBasedChatClient.Model, ChatFinishReason.Stop), (update.Text, update.ModelId, update.FinishReason));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Call_Cancelled_EndsAsSuch(bool isStreaming)
    {
        using var client = new RuleBasedChatClient(Config);
        var cancelled = new CancellationToken(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => isStreaming
            ? client.GetStreamingResponseAsync("Hello", cancellationToken: cancelled).ToChatResponseAsync(CancellationToken.None)
            : client.GetResponseAsync("Hello", cancellationToken: cancelled));
    }

    private static async Task<ChatResponse> CallAsync(LastResortConfig config, bool isStreaming, params ChatMessage[] messages)
    {
        using var client = new RuleBasedChatClient(config);
        return isStreaming ? await client.GetStreamingResponseAsync(messages).ToChatResponseAsync() : await client.GetResponseAsync(messages);
    }
}
