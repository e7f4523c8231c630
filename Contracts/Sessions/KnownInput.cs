namespace AspireAgent.Contracts.Sessions;

/// <summary>An input that was accepted, as far as a repeat must be told from another: the text itself is not kept.</summary>
/// <param name="Turn">The turn that answers it.</param>
/// <param name="Seq">Of its <see cref="InputAccepted"/>.</param>
/// <param name="TextHash"><see cref="BuildId.Hash"/> of its text.</param>
public sealed record KnownInput(string Turn, long Seq, string TextHash)
{
    public static KnownInput Of(InputAccepted input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return new KnownInput(input.Turn ?? "", input.Seq, BuildId.Hash(input.Text));
    }

    public bool HasText(string text) => TextHash == BuildId.Hash(text);
}
