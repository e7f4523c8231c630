using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Agent.Models;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;
using AspireAgent.Testing;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tests.Turns;

/// <summary>
/// Models that know what is to be said and go on to the letter, cut off at random: what the log tells is what they wanted to say, whatever
/// the routes can do.
/// </summary>
public sealed class TurnTextTests(RedisPair servers)
{
    private const int Turns = 20;

    [Theory]
    [InlineData(Prefill.LastAssistant, Prefill.LastAssistant, 1)]
    [InlineData(Prefill.LastAssistant, Prefill.None, 2)]
    [InlineData(Prefill.None, Prefill.None, 3)]
    public async Task Tokens_OfAnswersThatAreCutAnywhere_AreTheWholeTextAndNothingElse(Prefill a, Prefill b, int seed)
    {
        var random = new Random(seed);
        var script = new Script(random);
        await using var agent = await AgentHarness.StartAsync(
            servers, RedisKind.Server,
            [new ModelRoute("a", "model-a", script, 32_000) { Prefill = a }, new ModelRoute("b", "model-b", script, 32_000) { Prefill = b }]);
        agent.SetGlobal(JsonNode.Parse(
            """{"systemPrompt":"P1","resilience":{"retries":0},"continuation":{"mostRecoveries":16}}""")!.AsObject());
        agent.Resilience.OnNext(new ResilienceKnobs { BreakerMinimumCalls = 100_000, FallbackCoolDownSeconds = 0 });
        await using var session = await agent.OpenAsync();
        var cuts = 0;
        for (var turn = 1; turn <= Turns; turn++)
        {
            script.Begin(TextOf(random), cuts: random.Next(4));
            await session.AcceptAsync(new InputRequest { Id = $"{turn}", Text = $"question {turn}" }, TimeProvider.System.GetTimestamp(), default);
            var input = $"{turn}";
            var story = await Poll.UntilAsync(
                async () => (await agent.LogAsync()).SkipWhile(happened => happened is not TurnStarted started || started.Input != input).ToList()
                    is [.., { EndsTurn: true }] told ? told : null,
                () => $"turn {input} to end");
            Assert.True(story[^1] is TurnCompleted, $"seed {seed}, turn {turn}: {string.Join(" / ", story)}");
            var said = new StringBuilder();
            foreach (var happened in story)
            {
                switch (happened)
                {
                    case ModelSwitched { How: SwitchedHow.Restart }:
                        said.Clear();
                        break;
                    case TokenProduced token:
                        Assert.NotEmpty(token.Text);
                        said.Append(token.Text);
                        break;
                    default:
                        break;
                }
            }

            Assert.Equal(script.Text, said.ToString());
            Assert.Equal(script.Text, session.State.Messages[^1].Text);
            cuts += story.OfType<ModelSwitched>().Count();
        }

        Assert.InRange(cuts, Turns / 2, Turns * 4); // the dice were not all kind
    }

    // No word comes again soon: the seam would have to take a true refrain for a repeat.
    private static string TextOf(Random random)
    {
        string[] gaps = [" ", " ", " ", ", ", "\n", "\n\n", "  ", ". ", "\t"];
        var text = new StringBuilder();
        for (var word = 0; word < random.Next(5, 60); word++)
        {
            text.Append(word == 0 ? "" : gaps[random.Next(gaps.Length)]).Append(random.Next(8) == 0 ? "\U0001F600" : $"{(char)('a' + random.Next(26))}{random.Next(100_000)}");
        }

        return text.ToString();
    }

    private sealed class Script(Random random) : IChatClient
    {
        private int _cuts;

        public string Text { get; private set; } = "";

        public void Begin(string text, int cuts) => (Text, _cuts) = (text, cuts);

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            var last = messages.Last();
            var prefix = last.Role == ChatRole.Assistant ? last.Text : "";
            Assert.StartsWith(prefix, Text, StringComparison.Ordinal);
            var rest = Text[prefix.Length..];
            var isCut = rest.Length > 0 && _cuts-- > 0; // who fails without a word has not answered
            var end = isCut ? random.Next(1, rest.Length + 1) : rest.Length;
            for (var at = 0; at < end;)
            {
                var length = Math.Min(random.Next(1, 9), end - at);
                length += at + length < rest.Length && char.IsLowSurrogate(rest[at + length]) ? 1 : 0; // no vendor tears a character
                yield return new ChatResponseUpdate(ChatRole.Assistant, rest.Substring(at, length));
                at += length;
                await Task.Yield();
            }

            if (isCut)
            {
                switch (random.Next(3))
                {
                    case 0:
                        throw new IOException();
                    case 1:
                        throw new JsonException();
                    default:
                        yield break;
                }
            }

            yield return new ChatResponseUpdate(ChatRole.Assistant, []) { FinishReason = ChatFinishReason.Stop };
        }

        public Task<ChatResponse> GetResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            throw new NotSupportedException("Turns stream.");

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
        }
    }
}
