using System.Text.Json;
using AspireAgent.Agent.Models.Calls;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Turns;

/// <summary>
/// What the calls of one turn have used: as each model counts or, where a call was cut off before it told, as we count what it was shown
/// and what it said.
/// </summary>
/// <remarks>Whoever ends the turn may read while a model speaks.</remarks>
internal sealed class TurnBill(TokenCounter tokens)
{
    private readonly Lock _gate = new();
    private readonly List<string> _said = [];
    private readonly List<ModelRequest> _asked = []; // that have not said anything
    private TokenUsage _ended = new(0, 0);
    private ModelRequest? _running;
    private TokenUsage? _told;

    /// <summary>Of all calls, the running one included.</summary>
    public TokenUsage Total
    {
        get
        {
            lock (_gate)
            {
                return Sum(Sum(_ended, Running()), new TokenUsage(_asked.Sum(Prompt), 0));
            }
        }
    }

    /// <summary>A call is made. A vendor charges its prompt, also where the call is given up before its first word.</summary>
    public void Asked(ModelRequest request)
    {
        lock (_gate)
        {
            _asked.Add(request);
        }
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

            _ended = Sum(_ended, Running());
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

    private TokenUsage Running() =>
        _told is { } told ? told
        : _running is { } request ? new TokenUsage(Prompt(request), _said.Sum(tokens.Count))
        : new TokenUsage(0, 0);

    private long Prompt(ModelRequest request) => request.Messages.SelectMany(message => message.Contents).Sum(content => (long)tokens.Count(Text(content)));

    private static string Text(AIContent content) => content switch
    {
        TextContent text => text.Text,
        FunctionCallContent call => JsonSerializer.Serialize(call.Arguments),
        FunctionResultContent result => $"{result.Result}",
        _ => "",
    };

    private static TokenUsage Sum(TokenUsage one, TokenUsage other) => new(one.Input + other.Input, one.Output + other.Output);
}
