using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults;
using AspireAgent.ServiceDefaults.Instances;
using StackExchange.Redis;

namespace AspireAgent.Agent.Sessions;

/// <summary>
/// Puts idle sessions aside (their state stays in Redis, and the next call brings them back, on any pod), and drops those that
/// somebody else has taken: at once when the taker says so, and by looking, since such a word may be lost.
/// </summary>
internal sealed partial class SessionIdle(
    SessionHost host, SessionServices services, LocalInstance local, IConnectionMultiplexer redis, ILogger<SessionIdle> logger) : BackgroundService
{
    /// <summary>Why a session was let go of that was only put aside.</summary>
    public const string Released = "idle";

    private const int LookEvery = 5;
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SweepEvery, services.Time);
        ChannelMessageQueue? taken = null;
        try
        {
            taken = await redis.SubscribeAsync(InstanceKeys.Taken(local.Name), services.Time, stoppingToken);
            taken.OnMessage(message => Drop(message.Message.ToString()));
            for (var tick = 1; await timer.WaitForNextTickAsync(stoppingToken); tick++)
            {
                await Task.WhenAll(host.Sessions.Where(MayBePutAside).Select(session => session.HandOverAsync(Released)));
                if (tick % LookEvery == 0)
                {
                    await DropTakenAsync();
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Normal stop.
        }
        finally
        {
            _ = taken?.UnsubscribeAsync(CommandFlags.FireAndForget);
        }
    }

    private bool MayBePutAside(Session session) => session.IdleFor > (session.State.Ephemeral
        ? services.Options.Value.EphemeralPutAsideAfter
        : services.Options.Value.PutAsideAfter);

    // "{session} {token}", and perhaps late: this pod may have it again.
    private void Drop(string taken)
    {
        if (taken.Split(' ') is [var id, var token] && host.FindLive(id) is { } live && live.Grant.Token != token)
        {
            live.Lose();
        }
    }

    // A session that writes hears of it by itself.
    private async Task DropTakenAsync()
    {
        try
        {
            Session[] quiet = [.. host.Sessions.Where(session => session.State.Running is null)];
            var tokens = await services.Log.FindTokensAsync(quiet.Select(session => session.Grant.Session));
            foreach (var (session, token) in quiet.Zip(tokens).Where(pair => pair.Second is not null && pair.Second != pair.First.Grant.Token))
            {
                session.Lose();
            }
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            LogUnreachable(exception.GetType().Name);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Whether others have taken our sessions cannot be seen ({Reason}).")]
    private partial void LogUnreachable(string reason);
}
