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
    private TokenUsage _ended = new(0, 0);
    private ModelRequest? _running;
    private UsageDetails? _told;

    /// <summary>Of all calls, the running one included.</summary>
    public TokenUsage Total
    {
        get
        {
            lock (_gate)
            {
                return Sum(_ended, Running());
            }
        }
    }

    /// <summary>Another call speaks; what went before is over.</summary>
    public void Begin(ModelRequest request)
    {
        lock (_gate)
        {
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

    /// <summary>The running call has told what it used.</summary>
    public void Told(UsageDetails usage)
    {
        lock (_gate)
        {
            (_told ??= new UsageDetails()).Add(usage);
        }
    }

    /// <summary>A call was given up before its first word: a vendor charges the prompt all the same.</summary>
    public void Unheard(ModelRequest request)
    {
        lock (_gate)
        {
            _ended = Sum(_ended, new TokenUsage(Prompt(request), 0));
        }
    }

    private TokenUsage Running() =>
        _told is { } told ? new TokenUsage(told.InputTokenCount ?? 0, told.OutputTokenCount ?? 0)
        : _running is { } request ? new TokenUsage(Prompt(request), _said.Sum(tokens.Count))
        : new TokenUsage(0, 0);

    private long Prompt(ModelRequest request) => request.Messages.Sum(message => tokens.Count(message.Text));

    private static TokenUsage Sum(TokenUsage one, TokenUsage other) => new(one.Input + other.Input, one.Output + other.Output);
}
