using System.Reactive.Concurrency;
using System.Reactive.Linq;
using System.Text.Json;
using System.Text.Json.Nodes;
using AspireAgent.Config.Layers;
using AspireAgent.Contracts.Json;

namespace AspireAgent.Config.Sources;

/// <summary>
/// A layer in a file, read each two seconds: change notices do not reach across the links of a mounted volume. A file that is gone
/// or no JSON object changes nothing.
/// </summary>
internal sealed partial class FileLayerSource(Scope scope, string path, IScheduler scheduler, ILogger<FileLayerSource> logger) : ILayerSource
{
    private static readonly TimeSpan ReadEvery = TimeSpan.FromSeconds(2);

    public Scope Scope => scope;

    public string Origin => $"file:{path}";

    public IObservable<LayerChange> Changes => Observable.Timer(TimeSpan.Zero, ReadEvery, scheduler)
        .Select(_ => Read())
        .Where(text => text is not null)
        .DistinctUntilChanged(StringComparer.Ordinal)
        .Select(text => Parse(text!))
        .Where(document => document is not null)
        .Select(document => new LayerChange(scope, document!, Origin));

    private string? Read()
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogUnreadable(path, exception.GetType().Name);
            return null;
        }
    }

    private JsonObject? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonObject>(text, StrictJsonObjectConverter.Options);
        }
        catch (JsonException exception)
        {
            LogNoJson(path, exception.Path ?? "$", (exception.LineNumber ?? 0) + 1);
            return null;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The layer file {Path} cannot be read ({Reason}); the layer stays as it is.")]
    private partial void LogUnreadable(string path, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "The layer file {Path} is no JSON object (at {At}, line {Line}); the layer stays as it is.")]
    private partial void LogNoJson(string path, string at, long line);
}
