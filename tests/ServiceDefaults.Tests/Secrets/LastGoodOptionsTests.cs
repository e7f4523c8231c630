using System.ComponentModel.DataAnnotations;
using AspireAgent.ServiceDefaults.Secrets;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;

namespace AspireAgent.ServiceDefaults.Tests.Secrets;

public sealed class LastGoodOptionsTests : IDisposable
{
    private readonly IConfigurationRoot _configuration = new ConfigurationBuilder().AddInMemoryCollection().Build();
    private readonly ServiceProvider _services;

    public LastGoodOptionsTests()
    {
        var services = new ServiceCollection().AddSingleton<IConfiguration>(_configuration).AddLogging(logging => logging.AddFakeLogging());
        services.AddOptionsWithValidateOnStart<Tank>().BindConfiguration("Tank").ValidateDataAnnotations();
        services.AddSingleton<IOptionsMonitor<Tank>, LastGoodOptions<Tank>>();
        _services = services.BuildServiceProvider();
    }

    private IOptionsMonitor<Tank> Options => _services.GetRequiredService<IOptionsMonitor<Tank>>();

    public void Dispose() => _services.Dispose();

    [Fact]
    public void Change_ToGoodOnes_IsTakenAndTold()
    {
        Set("1");
        List<int> told = [];
        var first = Options.CurrentValue;
        using (Options.OnChange(tank => told.Add(tank.Litres)))
        {
            Set("2");
        }

        Set("3");

        Assert.Equal([1, 3], [first.Litres, Options.CurrentValue.Litres]);
        Assert.Equal([2], told);
        Assert.Same(Options.CurrentValue, Options.Get(Microsoft.Extensions.Options.Options.DefaultName));
    }

    [Theory]
    [InlineData("11")]
    [InlineData("word")]
    public void Change_ToBadOnes_LeavesTheGoodAndIsLogged(string bad)
    {
        Set("1");
        List<int> told = [];
        _ = Options.CurrentValue;
        using var listening = Options.OnChange(tank => told.Add(tank.Litres));

        Set(bad);

        Assert.Equal(1, Options.CurrentValue.Litres);
        Assert.Empty(told);
        var logged = _services.GetFakeLogCollector().LatestRecord;
        Assert.Equal(LogLevel.Error, logged.Level);
        Assert.DoesNotContain("word", logged.Message);

        Set("2");
        Assert.Equal([2], told);
    }

    [Fact]
    public void Start_WithBadOnes_Fails()
    {
        Set("11");
        Assert.Throws<OptionsValidationException>(_services.GetRequiredService<IStartupValidator>().Validate);

        Set("2");
        Assert.Equal(2, Options.CurrentValue.Litres);
    }

    [Fact]
    public void Disposed_FollowsNoMore()
    {
        Set("1");
        var options = Options;
        _ = options.CurrentValue;
        _services.Dispose();

        Set("2");

        Assert.Equal(1, options.CurrentValue.Litres);
    }

    private void Set(string litres)
    {
        _configuration["Tank:Litres"] = litres;
        _configuration.Reload();
    }

    internal sealed class Tank
    {
        [Range(1, 10)]
        public int Litres { get; set; }
    }
}
