using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AspireAgent.Testing;
using Microsoft.Playwright;

namespace AspireAgent.AppHost.Tests;

/// <summary><c>./run</c> as a user runs it, the dashboard included.</summary>
public sealed class RunTests
{
    private const long LimitTokens = 100_000;
    private const int DaySeconds = 86_400;

    private static readonly string RunFile = Path.Combine(Repository.Root, "artifacts", "run.json");

    [Fact]
    public async Task Run_ReadyThenTerminated_TellsTheTruthAndLeavesNothing()
    {
        await using var run = await StartAsync();
        var told = JsonNode.Parse(await File.ReadAllTextAsync(RunFile))!;
        var pids = told["pids"]!.AsObject().SelectMany(service => service.Value!.AsArray()).Select(pid => (int)pid!).ToList();
        var urls = told["services"]!.AsObject().SelectMany(service => service.Value!.AsArray()).Select(url => new Uri((string)url!)).ToList();

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(RunFile));
        Assert.Equal(["operator", "other", "user", "vip"], told["keys"]!.AsObject().Select(key => key.Key).Order());
        Assert.True(pids.Count >= 8, $"{pids.Count} processes");
        Assert.All(pids, pid => Assert.True(SystemFixture.IsAlive(pid), $"{pid} is not alive"));
        using var client = new HttpClient();
        foreach (var url in urls)
        {
            using var health = await client.GetAsync(new Uri(url, "/health"));
            Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        }

        run.Terminate();

        Assert.Equal(0, await run.ExitAsync());
        Assert.All(pids, pid => Assert.False(SystemFixture.IsAlive(pid), $"{pid} is alive"));
        Assert.All(urls, url => Assert.True(LocalPort.IsFree(url.Port), $"{url} is bound"));
        Assert.False(File.Exists(RunFile));
    }

    [Fact]
    public async Task Run_AppHostKilledHard_LeavesNothing()
    {
        await using var run = await StartAsync();
        var told = JsonNode.Parse(await File.ReadAllTextAsync(RunFile))!;
        var pids = told["pids"]!.AsObject().SelectMany(service => service.Value!.AsArray()).Select(pid => (int)pid!).ToList();

        run.KillHard();

        await Poll.UntilAsync(() => !pids.Exists(SystemFixture.IsAlive), "the processes to end");
    }

    [Fact]
    public async Task Run_WithRestart_BringsAKilledServiceBackOnItsPort()
    {
        await using var run = await StartAsync("--Restart=true");
        var before = JsonNode.Parse(await File.ReadAllTextAsync(RunFile))!;
        var pid = (int)before["pids"]!["config"]![0]!;

        System.Diagnostics.Process.GetProcessById(pid).Kill();

        var after = await Poll.UntilAsync(
            async () => JsonNode.Parse(await File.ReadAllTextAsync(RunFile)) is { } told
                && told["pids"]!["config"] is JsonArray and [{ } now] && (int)now != pid ? told : null,
            "a new process");
        Assert.Equal((string)before["services"]!["config"]![0]!, (string)after["services"]!["config"]![0]!);
        using var client = new HttpClient();
        await Poll.UntilAsync(
            async () =>
            {
                try
                {
                    return (await client.GetAsync(new Uri(new Uri((string)after["services"]!["config"]![0]!), "/health"))).IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            "the service to be healthy again");
    }

    [Theory]
    [InlineData("executable")]
    [InlineData("embedded")]
    public async Task Run_WithRestart_RedisKilledHard_LosesNothingAndStaysStuckNowhere(string mode)
    {
        await using var run = await StartAsync("--Restart=true", $"--Redis:Mode={mode}");
        var told = JsonNode.Parse(await File.ReadAllTextAsync(RunFile))!;
        using var admin = new OperatorClient(Client(told, "operator"));
        for (var i = 1; i <= 20; i++)
        {
            await admin.ChangeAsync(i % 2 == 0 ? "global" : "tenant/demo", new { promptVersion = $"v{i}" });
        }

        var before = await StateAsync(admin);
        var pid = (int)told["pids"]!["redis-server"]![0]!;
        using var user = Client(told, "user");
        await CompleteAsync(user);

        System.Diagnostics.Process.GetProcessById(pid).Kill();
        await Poll.UntilAsync(
            async () => JsonNode.Parse(await File.ReadAllTextAsync(RunFile))?["pids"]?["redis-server"] is JsonArray and [{ } now] && (int)now != pid, "a new Redis");
        await Poll.UntilAsync(async () => (await admin.Http.GetAsync("/v1/config/layers")).IsSuccessStatusCode, "the store");

        Assert.Equal(before, await StateAsync(admin));
        await admin.ChangeAsync("global", new { systemPrompt = "Back again." });
        await admin.ConvergedAsync(pods: 2);
        await Poll.UntilAsync(async () => await CompleteAsync(user), "an answer");

        async Task<string> StateAsync(OperatorClient from) => string.Join('\n', await Task.WhenAll(
            new[] { "layers", "layers/global", "layers/tenant/demo", "layers/global/history", "audit" }
                .Select(path => from.Http.GetStringAsync($"/v1/config/{path}"))));

        async Task<bool> CompleteAsync(HttpClient client)
        {
            using var answered = await client.PostAsJsonAsync("/v1/chat/completions", new
            {
                model = "agent", max_tokens = 5, messages = new[] { new { role = "user", content = "hello" } },
            });
            return answered.IsSuccessStatusCode;
        }
    }

    [Theory]
    [InlineData("--Redis:Mode=nonsense", "Redis:Mode 'nonsense' is not known")]
    [InlineData("--Redis:Mode=external", "Redis:Mode is external, but ConnectionStrings:redis is not set")]
    [InlineData("--Redis:Mode=external --ConnectionStrings:redis=127.0.0.1:1,connectTimeout=500,connectRetry=1", "Redis cannot be reached at 127.0.0.1:1")]
    public async Task Run_CannotStart_SaysWhyInOneLine(string arguments, string message)
    {
        await using var run = ChildProcess.Start(Path.Combine(Repository.Root, "run"), ["--", .. arguments.Split(' ')]);

        Assert.Equal(1, await run.ExitAsync());
        Assert.Contains($"error: {message}", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_PortInUse_SaysSo()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;
        await using var run = ChildProcess.Start(
            Path.Combine(Repository.Root, "run"), ["--", $"--Gateway:Port={port}", $"--Redis:DataDirectory={NewDirectory()}"]);

        Assert.NotEqual(0, await run.ExitAsync());
        Assert.Contains($"{port}", run.Output, StringComparison.Ordinal);
        Assert.Contains("in use", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dashboard_AfterACall_ShowsItsTraceTheTtftTheBreakersAndTheBudget()
    {
        var chromium = Requires.Chromium();
        await using var run = await StartAsync();
        var told = JsonNode.Parse(await File.ReadAllTextAsync(RunFile))!;
        using var admin = new OperatorClient(Client(told, "operator"));
        using var limited = await admin.Http.PutAsJsonAsync("/v1/budget/limits/system", new { limitTokens = LimitTokens, windowSeconds = DaySeconds });
        limited.EnsureSuccessStatusCode();
        using var user = Client(told, "user");
        using var answered = await user.PostAsJsonAsync("/v1/chat/completions", new
        {
            model = "agent",
            messages = new[] { new { role = "user", content = "hello" } },
        });
        answered.EnsureSuccessStatusCode();

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = chromium,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = 1_600, Height = 1_000 } });
        page.SetDefaultTimeout(60_000);
        Assertions.SetDefaultExpectTimeout(60_000); // the dashboard draws a point each ten seconds
        var dashboard = (string)told["dashboard"]!;
        await page.GotoAsync(dashboard);
        var home = new Uri(dashboard).GetLeftPart(UriPartial.Authority);

        // One trace, from the gateway over the pod to the model.
        await page.GotoAsync($"{home}/traces");
        await page.GetByText("gateway: POST /v1/chat/completions").First.ClickAsync();
        await Assertions.Expect(page.GetByText("chat sim-large").First).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByText("model", new PageGetByTextOptions { Exact = true }).First).ToBeVisibleAsync();
        await PictureAsync(page, "dashboard-trace");

        // Our histogram, with its own boundary at 1.5 s.
        await page.GotoAsync($"{home}/metrics/resource/agent?meter=AspireAgent.Agent&instrument=aspireagent.turn.ttft");
        await Assertions.Expect(page.GetByText("From the complete input to the release of the first saved token.").First).ToBeVisibleAsync();
        await PictureAsync(page, "dashboard-ttft");

        // A breaker for each route, by its number.
        await page.GotoAsync($"{home}/metrics/resource/agent?meter=AspireAgent.Agent&instrument=aspireagent.breaker.state");
        await Assertions.Expect(page.GetByText("A route's breaker: 0 closed, 1 half-open, 2 open.").First).ToBeVisibleAsync();
        await PictureAsync(page, "dashboard-breaker");

        // The budget, when what the pod did not use has gone back. Velocity has fallen to zero by then: the table has what was before, too.
        var used = await OpenCostBreakerAsync(admin);
        await ShowsAsync("used", "Tokens that answers have used in the window.", $"{used}");
        await ShowsAsync("remaining", "Tokens of the window that nobody has.", $"{LimitTokens - used}");
        await ShowsAsync("velocity", "How fast tokens go, over the short window.", "[1-9].*");
        await ShowsAsync("baseline", "How fast they usually go, over the hour before.", "[1-9].*");
        await ShowsAsync("breaker.state", "The cost breaker: 0 closed, 1 half-open, 2 open.", "2");

        async Task ShowsAsync(string instrument, string description, string value)
        {
            await page.GotoAsync($"{home}/metrics/resource/budget?meter=AspireAgent.Budget&instrument=aspireagent.budget.{instrument}&view=Table");
            await Assertions.Expect(page.GetByText(description, new PageGetByTextOptions { Exact = true }).First).ToBeVisibleAsync();
            await Assertions.Expect(page.Locator("td[col-index='2'] span").Filter(new LocatorFilterOptions { HasTextRegex = new Regex($@"^\s*{value}\s*$") }).First)
                .ToBeVisibleAsync();
            await PictureAsync(page, $"dashboard-budget-{instrument}-table");
            await page.GetByText("Graph", new PageGetByTextOptions { Exact = true }).First.ClickAsync();
            await Assertions.Expect(page.Locator(".js-plotly-plot .legend").First).ToBeVisibleAsync();
            await PictureAsync(page, $"dashboard-budget-{instrument}");
        }
    }

    /// <summary>Waits until the call is in the budget's numbers, and opens the cost breaker.</summary>
    /// <returns>Tokens used.</returns>
    private static async Task<long> OpenCostBreakerAsync(OperatorClient admin)
    {
        await admin.ChangeAsync("global", new { budget = new { velocityWindowSeconds = 2, baselineMinimumSeconds = 1 } });
        var status = await Poll.UntilAsync(
            async () => await admin.Http.GetFromJsonAsync<JsonObject>("/v1/budget") is { } now
                && (long)now["usedTokens"]! is > 0 and var used && (long)now["remainingTokens"]! == LimitTokens - used
                && (double?)now["burn"]?["baselineTokensPerMinute"] > 0 ? now : null,
            "usage, a lease that is given back, and a baseline");
        using var opened = await admin.Http.PostAsJsonAsync("/v1/budget/breaker/open", new { reason = "To see it open." });
        opened.EnsureSuccessStatusCode();
        return (long)status["usedTokens"]!;
    }

    private static HttpClient Client(JsonNode told, string key)
    {
        var client = new HttpClient { BaseAddress = new Uri((string)told["gateway"]!), Timeout = TimeSpan.FromSeconds(60) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", (string)told["keys"]![key]!);
        return client;
    }

    private static async Task<ChildProcess> StartAsync(params string[] settings)
    {
        var run = ChildProcess.Start(
            Path.Combine(Repository.Root, "run"),
            ["--", $"--Redis:DataDirectory={NewDirectory()}", $"--Gateway:Port={LocalPort.Free()}", .. settings]);
        await Poll.UntilAsync(
            () => run.HasExited ? throw new InvalidOperationException(run.Output) : run.Output.Split('\n').Contains("ready"), "ready");
        return run;
    }

    private static string NewDirectory() => Directory.CreateTempSubdirectory("aspireagent-run-").FullName;

    private static Task PictureAsync(IPage page, string name) => page.ScreenshotAsync(new PageScreenshotOptions
    {
        Path = Path.Combine(Repository.Root, "artifacts", "pictures", $"{name}.png"),
    });
}
