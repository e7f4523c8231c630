using AspireAgent.Agent.Models;
using AspireAgent.Testing;
using Microsoft.Extensions.Logging;

namespace AspireAgent.Agent.Tests.Models.Clients;

public sealed class RouteKeyTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory();

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(ModelKind.OpenAi)]
    [InlineData(ModelKind.AzureOpenAi)]
    [InlineData(ModelKind.Ollama)]
    public async Task Key_ChangedInMidStream_ServesTheNextCall(ModelKind kind)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, kind, key: "key-1");

        var first = route.CallAsync();
        var begun = await vendor.NextAsync();
        await begun.SayAsync("Hel");
        route.Set("ApiKey", "key-2");
        var second = route.CallAsync();
        var next = await vendor.NextAsync();
        await next.FinishAsync();
        await second;
        await begun.SayAsync("lo");
        await begun.FinishAsync();

        Assert.Equal("Hello", await first);
        Assert.Equal(["key-1", "key-2"], [KeyOf(begun), KeyOf(next)]);
    }

    [Fact]
    public async Task File_RewrittenInMidStream_ServesTheNextCall()
    {
        var file = Path.Combine(_directory.FullName, "Models__Routes__main__ApiKey");
        await File.WriteAllTextAsync(file, "key-1\n");
        await using var vendor = await Vendor.StartAsync();
        await using var route = new RouteHarness(new() { ["Endpoint"] = $"{vendor.Address}", ["Model"] = "the-model" }, _directory.FullName);

        var first = route.CallAsync();
        var begun = await vendor.NextAsync();
        await begun.SayAsync("Hel");
        await File.WriteAllTextAsync(file, "key-2\n");
        await Poll.UntilAsync(() => route.Models.CurrentValue.Routes["main"].ApiKey == "key-2", "the file to be read again");
        var second = route.CallAsync();
        var next = await vendor.NextAsync();
        await next.FinishAsync();
        await second;
        await begun.SayAsync("lo");
        await begun.FinishAsync();

        Assert.Equal("Hello", await first);
        Assert.Equal(["key-1", "key-2"], [KeyOf(begun), KeyOf(next)]);
    }

    [Fact]
    public async Task Key_GoneForAWhile_StaysInUse()
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, key: "key-1");
        await CallAsync(vendor, route);

        route.Set("ApiKey", "");

        Assert.Equal("key-1", await CallAsync(vendor, route));
        route.Set("ApiKey", "key-2");
        Assert.Equal("key-2", await CallAsync(vendor, route));
    }

    [Theory]
    [InlineData("ApiKey", "key-2\nkey-3")]
    [InlineData("ContextTokens", "key-2")]
    [InlineData("TotalTimeout", "-00:00:01")]
    public async Task Change_ToSomethingInvalid_LeavesTheLastGoodAndIsLoggedWithoutIt(string setting, string value)
    {
        await using var vendor = await Vendor.StartAsync();
        await using var route = RouteHarness.For(vendor, key: "key-1");

        route.Set(setting, value);

        Assert.Equal("key-1", await CallAsync(vendor, route));
        var log = route.Log.GetSnapshot();
        Assert.Contains(log, record => record.Level == LogLevel.Error && record.Message.Contains(nameof(ModelOptions), StringComparison.Ordinal));
        Assert.DoesNotContain(log, record => $"{record.Message} {record.Exception}".Contains("key-", StringComparison.Ordinal));
    }

    private static async Task<string> CallAsync(Vendor vendor, RouteHarness route)
    {
        var calling = route.CallAsync();
        var call = await vendor.NextAsync();
        await call.FinishAsync();
        await calling;
        return KeyOf(call);
    }

    private static string KeyOf(VendorCall call) =>
        call.Headers.TryGetValue("api-key", out var key) ? key : call.Headers["Authorization"].Replace("Bearer ", "", StringComparison.Ordinal);
}
