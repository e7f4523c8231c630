using System.Text.Json;
using AspireAgent.Agent.Models;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Turns;

/// <summary>
/// What the calls of one turn have used, by model: as each model counts or, where a call was cut off before it told, as we count what it
/// was shown and what it said.
/// </summary>
/// <param name="tokens">Counts where nobody has told.</param>
/// <param name="burnt">Told of tokens as they go: a prompt with its call, words as they come; rough.</param>
/// <remarks>Whoever ends the turn may read while a model speaks.</remarks>
internal sealed class TurnBill(TokenCounter tokens, Action<TokenUsage>? burnt = null)
{
    private const int CharactersPerToken = 4; // near enough for a speed

    private readonly Lock _gate = new();
    private readonly List<string> _said = [];
    private readonly List<ModelRequest> _asked = []; // that have not said anything
    private readonly Dictionary<string, ModelUse> _ended = new(StringComparer.Ordinal);
    private ModelRequest? _running;
    private TokenUsage? _told;

    /// <summary>Of all calls, the running one included.</summary>
    public TokenUsage Total => Models.Aggregate(
        new TokenUsage(0, 0), (sum, use) => new TokenUsage(sum.Input + use.InputTokens, sum.Output + use.OutputTokens));

    /// <summary>The same by model, with what it cost.</summary>
    public IReadOnlyList<ModelUse> Models
    {
        get
        {
            lock (_gate)
            {
                var all = new Dictionary<string, ModelUse>(_ended, StringComparer.Ordinal);
                Add(all, _running, Running());
                foreach (var request in _asked)
                {
                    Add(all, request, new TokenUsage(Prompt(request), 0));
                }

                return [.. all.Values];
            }
        }
    }

    /// <summary>What a route's prices make of so many tokens.</summary>
    public static ModelUse Use(ModelRoute? route, TokenUsage used) =>
        new(route?.Model ?? "", used.Input, used.Output, route?.MicroUsd(used.Input, used.Output) ?? 0);

    /// <summary>A call is made. A vendor charges its prompt, also where the call is given up before its first word.</summary>
    public void Asked(ModelRequest request)
    {
        lock (_gate)
        {
            _asked.Add(request);
        }

        burnt?.Invoke(new TokenUsage(Length(request) / CharactersPerToken, 0));
    }

    /// <summary>The vendor did not take that call.</summary>
    public void Free(ModelRequest request)
    {
        lock (_gate)
        {
            _asked.RemoveAt(_asked.FindIndex(asked => ReferenceEquals(asked, request)));
        }
    }

    /// <summary>One of the calls that were made speaks; what spoke before is over.</summary>
    public void Begin(ModelRequest request)
    {
        lock (_gate)
        {
            if (_asked.FindIndex(asked => ReferenceEquals(asked, request)) is >= 0 and var at) // a rule is nobody's call
            {
                _asked.RemoveAt(at);
            }

            Add(_ended, _running, Running());
            (_running, _told) = (request, null);
            _said.Clear();
        }
    }

    /// <summary>The running call has said something.</summary>
    public void Said(string text)
    {
        lock (_gate)
        {
            _said.Add(text);
        }

        burnt?.Invoke(new TokenUsage(0, (text.Length + CharactersPerToken - 1) / CharactersPerToken));
    }

    /// <summary>The running call has told what it has used so far; some vendors say so again and again.</summary>
    public void Told(UsageDetails usage)
    {
        lock (_gate)
        {
            _told = new TokenUsage(
                Math.Max(_told?.Input ?? 0, usage.InputTokenCount ?? 0), Math.Max(_told?.Output ?? 0, usage.OutputTokenCount ?? 0));
        }
    }

    private static void Add(Dictionary<string, ModelUse> uses, ModelRequest? request, TokenUsage used)
    {
        if (used.Input + used.Output > 0)
        {
            var more = Use(request?.Route, used);
            var sum = uses.GetValueOrDefault(more.Model, more with { InputTokens = 0, OutputTokens = 0, MicroUsd = 0 });
            uses[more.Model] = sum with
            {
                InputTokens = sum.InputTokens + more.InputTokens,
                OutputTokens = sum.OutputTokens + more.OutputTokens,
                MicroUsd = sum.MicroUsd + more.MicroUsd,
            };
        }
    }

    private TokenUsage Running() =>
        _told is { } told ? told
        : _running is { } request ? new TokenUsage(Prompt(request), _said.Sum(tokens.Count))
        : new TokenUsage(0, 0);

    private long Prompt(ModelRequest request) => Texts(request).Sum(text => (long)tokens.Count(text)) + TokenCounter.Framing(request.Messages.Count);

    private static long Length(ModelRequest request) => Texts(request).Sum(text => (long)text.Length);

    private static IEnumerable<string> Texts(ModelRequest request) => request.Messages.SelectMany(message => message.Contents).Select(content => content switch
    {
        TextContent text => text.Text,
        FunctionCallContent call => JsonSerializer.Serialize(call.Arguments),
        FunctionResultContent result => $"{result.Result}",
        _ => "",
    });
}
