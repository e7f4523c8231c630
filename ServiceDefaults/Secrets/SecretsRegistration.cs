using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.FileProviders;

namespace AspireAgent.ServiceDefaults.Secrets;

/// <summary>Secrets as files of a directory, such as a mounted Kubernetes secret; a changed file is read again.</summary>
internal static class SecretsRegistration
{
    private const string Directory = "Secrets:Directory";

    /// <summary>
    /// Adds the files of <c>Secrets:Directory</c>, if it is set, over all other configuration: the file's name is the setting's
    /// with <c>__</c> for <c>:</c>, its text the value.
    /// </summary>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    public static void AddSecrets(this WebApplicationBuilder builder)
    {
        if (builder.Configuration[Directory] is not { Length: > 0 } directory)
        {
            return;
        }

        builder.Configuration.AddKeyPerFile(source =>
        {
            // Sees a change within 8 s. The kernel's notices do not tell that a link's target was exchanged, which is how Kubernetes does it.
            source.FileProvider = new PhysicalFileProvider(Path.GetFullPath(directory)) { UsePollingFileWatcher = true, UseActivePolling = true };
            source.ReloadOnChange = true;
        });
    }
}
