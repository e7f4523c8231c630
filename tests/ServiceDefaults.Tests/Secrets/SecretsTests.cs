using System.Runtime.InteropServices;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Builder;

namespace AspireAgent.ServiceDefaults.Tests.Secrets;

public sealed class SecretsTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public async Task Files_LinkedAsKubernetesDoes_AreReadAgainWhenTheLinkIsExchanged()
    {
        Write("..1", "key-1");
        Directory.CreateSymbolicLink(In("..data"), "..1");
        File.CreateSymbolicLink(In("Models__Routes__main__ApiKey"), Path.Combine("..data", "Models__Routes__main__ApiKey"));
        await using var app = App(_directory.FullName);
        Assert.Equal("key-1", app.Configuration["Models:Routes:main:ApiKey"]);

        Write("..2", "key-2");
        Directory.CreateSymbolicLink(In("..data_tmp"), "..2");
        Assert.Equal(0, Rename(In("..data_tmp"), In("..data")));
        Directory.Delete(In("..1"), recursive: true);

        await Poll.UntilAsync(() => app.Configuration["Models:Routes:main:ApiKey"] == "key-2", "the exchanged secret");
    }

    [Fact]
    public async Task File_OverOtherSources_IsWhatHolds()
    {
        await File.WriteAllTextAsync(In("Trust__Key"), "of the file\n");
        await using var app = App(_directory.FullName, "--Trust:Key=of the command line");
        Assert.Equal("of the file", app.Configuration["Trust:Key"]);
    }

    [Fact]
    public void Directory_ThatIsMissing_EndsTheStart() =>
        Assert.Throws<DirectoryNotFoundException>(() => App(In("nowhere")));

    [Fact]
    public async Task Directory_NotSet_IsNone()
    {
        await using var app = App("");
        Assert.Null(app.Configuration["Models:Routes:main:ApiKey"]);
    }

    private static WebApplication App(string secrets, params string[] args)
    {
        var builder = WebApplication.CreateBuilder([.. args, $"--Secrets:Directory={secrets}"]);
        builder.AddServiceDefaults();
        return builder.Build();
    }

    private string In(string name) => Path.Combine(_directory.FullName, name);

    private void Write(string directory, string key)
    {
        Directory.CreateDirectory(In(directory));
        File.WriteAllText(Path.Combine(In(directory), "Models__Routes__main__ApiKey"), key);
    }

    // File.Move takes a link to a directory for no file.
    [DllImport("libc", EntryPoint = "rename", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Rename([MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);
}
