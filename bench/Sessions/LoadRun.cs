namespace AspireAgent.Bench.Sessions;

/// <summary>One session of a load: attached, asked once, followed to the answer's end.</summary>
internal sealed class LoadRun(SessionClient client)
{
    private IAsyncEnumerator<Seen> _events = null!;
    private long _seq;

    public long AskedAt { get; private set; }

    /// <summary>Timestamp; 0: it had none.</summary>
    public long FirstTokenAt { get; private set; }

    public long EndedAt { get; private set; }

    public long Tokens { get; private set; }

    /// <summary>Events that did not come where they belong.</summary>
    public int Gaps { get; private set; }

    /// <summary>The event that ended the answer; null: none did.</summary>
    public string? End { get; private set; }

    /// <summary>What there was instead of an answer.</summary>
    public string Failure { get; private set; } = "";

    /// <summary>Returns when the first event is here.</summary>
    public async Task AttachAsync(CancellationToken cancellationToken)
    {
        _events = client.EventsAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);
        await NextAsync();
    }

    /// <summary>Returns when the answer has ended, or failed to come.</summary>
    public async Task AskAsync(CancellationToken cancellationToken)
    {
        try
        {
            AskedAt = TimeProvider.System.GetTimestamp();
            var asking = client.SayAsync("1", $"Tell me a long story, and begin with {client.Id}.", cancellationToken);
            while (End is null && await NextAsync())
            {
                var happened = _events.Current;
                if (happened.Type == "token")
                {
                    FirstTokenAt = FirstTokenAt == 0 ? happened.At : FirstTokenAt;
                    Tokens += happened.Seq - happened.From + 1;
                }
                else if (happened.EndsTurn)
                {
                    (End, Failure) = (happened.Type, happened.Json!);
                }
            }

            await asking;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException)
        {
            Failure = exception.Message;
        }

        EndedAt = TimeProvider.System.GetTimestamp();
        await _events.DisposeAsync();
    }

    private async ValueTask<bool> NextAsync()
    {
        if (!await _events.MoveNextAsync())
        {
            return false;
        }

        var happened = _events.Current;
        if (happened.Seq > 0)
        {
            Gaps += happened.From == _seq + 1 ? 0 : 1;
            _seq = happened.Seq;
        }

        return true;
    }
}
