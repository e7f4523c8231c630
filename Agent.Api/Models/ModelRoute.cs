using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Models;

/// <summary>A model that can be called.</summary>
/// <param name="Name">The route's name.</param>
/// <param name="Model">The model's name at its vendor.</param>
/// <param name="Client">What carries the calls.</param>
/// <param name="ContextTokens">The model's window.</param>
internal sealed record ModelRoute(string Name, string Model, IChatClient Client, int ContextTokens)
{
    /// <summary>How it goes on with an answer that was cut off.</summary>
    public Prefill Prefill { get; init; }

    /// <summary>Whether it can call tools.</summary>
    public bool Tools { get; init; } = true;

    /// <summary>Price of a million input tokens; micro-USD.</summary>
    public long InputMicroUsdPerMillion { get; init; }

    /// <summary>Price of a million output tokens; micro-USD.</summary>
    public long OutputMicroUsdPerMillion { get; init; }

    /// <summary>Calls that this pod makes at once where it is the fallback of another.</summary>
    public int FallbackCalls { get; init; } = 32;

    /// <summary>Longest wait for the first token, retries included.</summary>
    public TimeSpan FirstTokenTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait between two tokens.</summary>
    public TimeSpan TokenTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time of one call altogether.</summary>
    public TimeSpan TotalTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What tokens cost; micro-USD, rounded up.</summary>
    public long MicroUsd(long input, long output) =>
        ((input * InputMicroUsdPerMillion) + (output * OutputMicroUsdPerMillion) + 999_999) / 1_000_000;
}
