using System.Reactive.Concurrency;
using System.Reactive.Disposables;

namespace AspireAgent.Streams.Breakers;

/// <summary>
/// A circuit breaker for streams, whose outcome comes in parts and late. It opens where enough of a sliding window's calls have failed,
/// lets one trial through when its break is over, and closes, with an empty window, at the trial's first token.
/// </summary>
/// <remarks>
/// Thread-safe. Settings follow their signal and keep the window: a new threshold judges what is in it at once, a new length drops or
/// keeps more of it, and a break or trial that runs is measured anew from its own beginning.
/// </remarks>
public sealed class CircuitBreaker : IDisposable
{
    private readonly Lock _gate = new();
    private readonly IScheduler _scheduler;
    private readonly IStopwatch _clock;
    private readonly Random _random;
    private readonly BreakerWindow _window = new();
    private readonly SerialDisposable _deadline = new();
    private readonly SingleAssignmentDisposable _following = new();
    private readonly StateAnnouncer _announcer = new();
    private BreakerSettings _settings = new();
    private BreakerState _state;
    private BreakerPermit? _trial;
    private int _openings;
    private TimeSpan _since; // the beginning of the break or of the trial
    private double _jitter;
    private int _deadlines;
    private bool _isDisposed;

    /// <summary>Begins closed.</summary>
    /// <param name="settings">Must replay. Its end or failure leaves the last ones in force.</param>
    /// <param name="scheduler">The clock.</param>
    /// <param name="random">Used by one thread at a time.</param>
    public CircuitBreaker(IObservable<BreakerSettings> settings, IScheduler scheduler, Random random)
    {
        ArgumentNullException.ThrowIfNull(settings);
        (_scheduler, _clock, _random) = (scheduler, scheduler.StartStopwatch(), random);
        _following.Disposable = settings.Subscribe(Follow, _ => { });
    }

    /// <summary>Where it stands.</summary>
    public BreakerState State
    {
        get
        {
            lock (_gate)
            {
                return _state;
            }
        }
    }

    /// <summary>The current state, and each change of it in order, told outside of the breaker's lock. Completes at the disposal.</summary>
    public IObservable<BreakerState> States => _announcer.States;

    /// <summary>Lets a call in. Null: open, half-open with its trial out, or disposed.</summary>
    public BreakerPermit? TryEnter()
    {
        lock (_gate)
        {
            switch (_state)
            {
                case BreakerState.Closed when !_isDisposed:
                    return new BreakerPermit(this, _openings, isTrial: false);
                case BreakerState.HalfOpen when !_isDisposed && _trial is null:
                    _trial = new BreakerPermit(this, _openings, isTrial: true);
                    _since = _clock.Elapsed;
                    SetDeadline();
                    return _trial;
                default:
                    return null;
            }
        }
    }

    /// <summary>Ends its timers and <see cref="States"/>; nobody is let in and nothing is heard any more.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
        }

        _following.Dispose();
        _deadline.Dispose();
        _announcer.Dispose();
    }

    internal void Hear(BreakerPermit permit, PermitWord word)
    {
        lock (_gate)
        {
            if (_isDisposed || permit.Opening != _openings)
            {
                return;
            }

            switch (permit.Said, word)
            {
                case (PermitWord.Nothing, PermitWord.Success) when permit.IsTrial:
                    Close();
                    break;
                case (PermitWord.Nothing, PermitWord.Success):
                    permit.Counted = _window.Add(_clock.Elapsed, _settings.Window, hasFailed: false);
                    Judge();
                    break;
                case (PermitWord.Nothing, PermitWord.Failure) when permit.IsTrial:
                    Open();
                    break;
                case (PermitWord.Nothing or PermitWord.Success, PermitWord.Failure):
                    if (permit.Counted is { } success)
                    {
                        success.Calls--;
                    }

                    _window.Add(_clock.Elapsed, _settings.Window, hasFailed: true);
                    Judge();
                    break;
                case (PermitWord.Nothing, PermitWord.Abandoned) when permit.IsTrial:
                    EndTrial();
                    break;
                case (PermitWord.Nothing, PermitWord.Abandoned):
                    break;
                default:
                    return;
            }

            permit.Said = word;
        }

        _announcer.Tell();
    }

    private void Follow(BreakerSettings settings)
    {
        lock (_gate)
        {
            _settings = settings;
            if (_state is BreakerState.Closed)
            {
                Judge();
            }
            else if (_state is BreakerState.Open || _trial is not null)
            {
                SetDeadline();
            }
        }

        _announcer.Tell();
    }

    // From here on: under the lock.
    private void Judge()
    {
        var (calls, failures) = _window.Count(_clock.Elapsed, _settings.Window);
        if (calls >= _settings.MinimumCalls && failures / (double)calls >= _settings.FailureShare)
        {
            Open();
        }
    }

    private void Open()
    {
        _openings++;
        _trial = null;
        _since = _clock.Elapsed;
        _jitter = _random.AFifthMoreOrLess();
        Become(BreakerState.Open);
        SetDeadline();
    }

    private void Close()
    {
        EndTrial();
        _window.Clear();
        Become(BreakerState.Closed);
    }

    private void EndTrial()
    {
        _trial = null;
        _deadlines++;
        _deadline.Disposable = null;
    }

    private void Become(BreakerState state)
    {
        _state = state;
        _announcer.Note(state);
    }

    /// <summary>Of the break or of the trial that runs, from its beginning.</summary>
    private void SetDeadline()
    {
        var (deadline, lasts) = (++_deadlines, _state is BreakerState.Open ? _settings.Break * _jitter : _settings.TrialTimeout);
        _deadline.Disposable = _scheduler.Schedule(
            Scheduler.Normalize(_since + lasts - _clock.Elapsed), () => Pass(deadline));
    }

    private void Pass(int deadline)
    {
        lock (_gate)
        {
            // A timer that was replaced may run all the same.
            if (_isDisposed || deadline != _deadlines)
            {
                return;
            }

            if (_state is BreakerState.Open)
            {
                Become(BreakerState.HalfOpen);
            }
            else
            {
                Open();
            }
        }

        _announcer.Tell();
    }
}
