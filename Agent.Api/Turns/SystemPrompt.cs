using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Turns;

/// <summary>The system prompt of a turn: the template with its variables, then what the session wishes of the answers.</summary>
internal sealed class SystemPrompt
{
    public SystemPrompt(TurnConfig config)
    {
        var prompt = PromptTemplate.Render(config.SystemPrompt, config.PromptVariables);
        Version = config.PromptVersion is { } version ? $"{version}-{BuildId.Hash(prompt)}" : BuildId.Hash(prompt);
        Text = string.Join("\n\n", Wishes(config).Prepend(prompt));
    }

    /// <summary>As the model is shown it.</summary>
    public string Text { get; }

    /// <summary>The prompt's part of the fingerprint: its author's words, not the session's wishes.</summary>
    public string Version { get; }

    private static IEnumerable<string> Wishes(TurnConfig config)
    {
        switch (config.Verbosity)
        {
            case Verbosity.Terse:
                yield return "Answer as briefly as you can: a sentence or two.";
                break;
            case Verbosity.Detailed:
                yield return "Answer in detail: explain, and give examples.";
                break;
            default:
                break;
        }

        if (config.Language is { } language)
        {
            yield return $"Answer in the language with the BCP 47 tag {language}.";
        }
    }
}
