using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace AspireAgent.ServiceDefaults.Secrets;

/// <summary>
/// Options that follow their sources and, unlike those of <see cref="OptionsMonitor{TOptions}"/>, outlive a change to something
/// invalid: it is logged, and the last good ones stay. Invalid from the beginning, they throw as usual. Thread-safe.
/// </summary>
/// <typeparam name="TOptions">Options without a name. What their validation says is logged, so it must not quote a secret.</typeparam>
public sealed partial class LastGoodOptions<TOptions> : IOptionsMonitor<TOptions>, IDisposable
    where TOptions : class
{
    private readonly Lock _gate = new();
    private readonly IOptionsFactory<TOptions> _factory;
    private readonly ILogger _logger;
    private readonly IDisposable[] _watches;
    private Action<TOptions, string?>? _changed;
    private volatile TOptions? _value;

    public LastGoodOptions(
        IOptionsFactory<TOptions> factory, IEnumerable<IOptionsChangeTokenSource<TOptions>> sources, ILogger<LastGoodOptions<TOptions>> logger)
    {
        ArgumentNullException.ThrowIfNull(sources);
        (_factory, _logger) = (factory, logger);
        _watches = [.. sources.Select(source => ChangeToken.OnChange(source.GetChangeToken, Reload))];
    }

    /// <inheritdoc />
    /// <exception cref="OptionsValidationException">They are invalid, and never were good.</exception>
    public TOptions CurrentValue => _value ?? First();

    /// <inheritdoc />
    public TOptions Get(string? name) => CurrentValue;

    /// <inheritdoc />
    public IDisposable OnChange(Action<TOptions, string?> listener)
    {
        lock (_gate)
        {
            _changed += listener;
        }

        return new Listening(this, listener);
    }

    /// <inheritdoc />
    public void Dispose() => Array.ForEach(_watches, watch => watch.Dispose());

    private TOptions First()
    {
        lock (_gate)
        {
            return _value ??= _factory.Create(Options.DefaultName);
        }
    }

    private void Reload()
    {
        Action<TOptions, string?>? changed;
        lock (_gate)
        {
            if (_value is null)
            {
                return; // who reads them first makes them
            }

            try
            {
                _value = _factory.Create(Options.DefaultName);
            }
            catch (OptionsValidationException exception)
            {
                LogInvalid(typeof(TOptions).Name, exception.Message);
                return;
            }
            catch (InvalidOperationException)
            {
                // A value that cannot be converted; the binder's message may quote it.
                LogInvalid(typeof(TOptions).Name, "a value is not of its setting's type");
                return;
            }

            changed = _changed;
        }

        changed?.Invoke(_value, Options.DefaultName);
    }

    [LoggerMessage(LogLevel.Error, "Changed {Options} are invalid, the last good ones stay: {Errors}")]
    private partial void LogInvalid(string options, string errors);

    private sealed class Listening(LastGoodOptions<TOptions> options, Action<TOptions, string?> listener) : IDisposable
    {
        public void Dispose()
        {
            lock (options._gate)
            {
                options._changed -= listener;
            }
        }
    }
}
