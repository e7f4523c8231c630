namespace AspireAgent.AppHost;

/// <summary>A file that only its owner may read.</summary>
internal static class SecretFile
{
    /// <summary>Writes the whole of <paramref name="text"/> or nothing: a reader never sees half of it.</summary>
    public static void Write(string path, string text)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var draft = path + ".new";
        File.Delete(draft);
        using (var writer = new StreamWriter(draft, options))
        {
            writer.Write(text);
        }

        File.Move(draft, path, overwrite: true);
    }
}
