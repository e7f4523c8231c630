using AspireAgent.Agent.EventLog;
using AspireAgent.Contracts.Json;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Agent.Readers;

/// <summary>Tokens of one turn that follow each other, told as one: for a reader that cannot keep up.</summary>
internal static class TokenRun
{
    /// <summary>
    /// The same events with each run of tokens as one event: the text of all, the seq of the last, and <c>from</c>, the seq of the
    /// first. Nothing is lost, and whoever counts finds no gap.
    /// </summary>
    public static IReadOnlyList<LoggedEvent> Coalesce(IReadOnlyList<LoggedEvent> events)
    {
        var told = new List<LoggedEvent>();
        var run = new List<TokenProduced>();
        foreach (var logged in events)
        {
            var token = logged.Type == LoggedEvent.Token ? (TokenProduced)WireJson.ReadEvent(logged.Json) : null;
            if (token is null || (run.Count > 0 && (token.Turn != run[0].Turn || token.Fingerprint is not null)))
            {
                Flush();
            }

            if (token is null)
            {
                told.Add(logged);
            }
            else
            {
                run.Add(token);
            }
        }

        Flush();
        return told;

        void Flush()
        {
            if (run.Count > 0)
            {
                told.Add(LoggedEvent.Of(run.Count == 1 ? run[0] : run[0] with
                {
                    Seq = run[^1].Seq, At = run[^1].At, From = run[0].Seq, Text = string.Concat(run.Select(token => token.Text)),
                }));
                run.Clear();
            }
        }
    }
}
