using AspireAgent.Testing;

namespace AspireAgent.AppHost.Tests;

/// <summary>The end of the system, through Aspire's testing API.</summary>
public sealed class ShutdownTests
{
    [Fact]
    public async Task Shutdown_WithAnAnswerUnderWay_LeavesNoProcess()
    {
        var system = new SystemFixture();
        await system.InitializeAsync();
        IReadOnlyDictionary<string, int> pids;
        try
        {
            using var conversation = await Conversation.OpenAsync(system);
            await conversation.SayAsync("1", "Talk at length");
            pids = await system.ProcessesAsync(atLeast: 8);
            Assert.All(pids, process => Assert.True(SystemFixture.IsAlive(process.Value), $"{process.Key} is not alive"));
        }
        finally
        {
            await system.DisposeAsync();
        }

        await Poll.UntilAsync(() => !pids.Values.Any(SystemFixture.IsAlive), "every process to be gone");
    }
}
