using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace AspireAgent.Signals.Subscribing;

/// <summary>The last known value of a signal in a file, <c>{kind}.json</c>, for its owner's eyes only.</summary>
internal sealed class SignalDisk<T>(string directory, string kind, JsonTypeInfo<T> json)
{
    private readonly string _path = Path.Combine(directory, $"{kind}.json");

    /// <summary>Replaces the file: whole, or not at all.</summary>
    public void Save(SignalValue<T> value)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        Directory.CreateDirectory(directory);
        var draft = $"{_path}.{Environment.ProcessId}"; // replicas of one machine may share the directory
        File.Delete(draft);
        using (var writer = new StreamWriter(draft, options))
        {
            writer.Write(new JsonObject
            {
                ["revision"] = value.Revision,
                ["value"] = JsonSerializer.SerializeToNode(value.Value, json),
            }.ToJsonString());
        }

        File.Move(draft, _path, overwrite: true);
    }

    /// <summary>What the file holds; null: nothing that can be read.</summary>
    public SignalValue<T>? Load()
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(_path)) is JsonObject saved && saved["revision"] is JsonValue revision
                && saved["value"].Deserialize(json) is { } value
                ? new SignalValue<T>(revision.GetValue<long>(), value)
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }
}
