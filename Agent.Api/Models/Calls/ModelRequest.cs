using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Models.Calls;

/// <summary>What one route is asked: the messages that fit its window, and how it is to answer.</summary>
/// <param name="Messages">What it is shown.</param>
/// <param name="Options">How it is to answer.</param>
/// <param name="DroppedTurns">Older turns that it is not shown.</param>
/// <param name="MayBeEmpty">Whether to say nothing is an answer: it goes on with words that may have been the last, or tools have returned.</param>
internal sealed record ModelRequest(IList<ChatMessage> Messages, ChatOptions Options, int DroppedTurns = 0, bool MayBeEmpty = false)
{
    /// <summary>Whom it is for, and so at what prices; null: nobody is paid.</summary>
    public ModelRoute? Route { get; init; }
}
