using AspireAgent.Testing;

namespace AspireAgent.Agent.Tests.Cancellation;

/// <summary>One <see cref="CancellationSystem"/> for all tests of a class.</summary>
public sealed class CancellationFixture : IAsyncLifetime
{
    internal CancellationSystem System { get; private set; } = null!;

    public async ValueTask InitializeAsync() => System = await CancellationSystem.StartAsync(RedisKind.Garnet);

    public ValueTask DisposeAsync() => System.DisposeAsync();
}
