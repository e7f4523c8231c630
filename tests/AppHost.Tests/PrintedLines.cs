using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace AspireAgent.AppHost.Tests;

/// <summary>Keeps what the resources' processes print, as <c>agent-1: line</c>: with <see cref="Settings"/> Aspire logs it, under their names.</summary>
public sealed class PrintedLines : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();

    /// <summary>Lets it through to here, and not to the console.</summary>
    public static IEnumerable<string> Settings { get; } =
        ["--Logging:LogLevel:Aspire.Resources=Information", "--Logging:Console:LogLevel:Aspire.Resources=None"];

    /// <summary>Nothing has gone wrong in any process; with <see cref="Settings"/> alone is that known.</summary>
    public void AssertNoException()
    {
        Assert.Contains(_lines, line => line.StartsWith("gateway", StringComparison.Ordinal) && line.Contains("Now listening", StringComparison.Ordinal));
        Assert.DoesNotContain(_lines, line => line.Contains("Exception", StringComparison.Ordinal) || line.Contains("fail:", StringComparison.Ordinal));
    }

    /// <summary>No process has printed that.</summary>
    public void AssertSecret(string secret) => Assert.DoesNotContain(_lines, line => line.Contains(secret, StringComparison.Ordinal));

    /// <summary>The last of what a resource's processes have printed.</summary>
    public string TailOf(string resource) =>
        string.Join('\n', _lines.Where(line => line.StartsWith(resource, StringComparison.Ordinal)).TakeLast(30));

    public ILogger CreateLogger(string categoryName) =>
        new Keeper(_lines, categoryName.Split(".Resources.") is [_, var resource] ? resource : null);

    public void Dispose()
    {
    }

    private sealed class Keeper(ConcurrentQueue<string> lines, string? resource) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => resource is not null;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (resource is not null)
            {
                lines.Enqueue($"{resource}: {formatter(state, exception)}");
            }
        }
    }
}
