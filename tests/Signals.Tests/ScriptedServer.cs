using System.Collections.Concurrent;
using System.Text.Json;
using System.Threading.Channels;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Json;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspireAgent.Signals.Tests;

/// <summary>A server of a signal that behaves as badly as the test says, over real HTTP.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Channel<Connection> _connections = Channel.CreateUnbounded<Connection>();

    private ScriptedServer(WebApplication app, Uri address) => (_app, Address) = (app, address);

    public Uri Address { get; }

    /// <summary>The <c>Last-Event-ID</c> of each connection so far; empty: none.</summary>
    public ConcurrentQueue<string> Resumed { get; } = new();

    public static async Task<ScriptedServer> StartAsync()
    {
        var address = new Uri($"http://127.0.0.1:{LocalPort.Free()}");
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"{address}");
        builder.Logging.ClearProviders();
        var server = new ScriptedServer(builder.Build(), address);
        server._app.MapGet("/", server.HandleAsync);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>The next connection that comes; it waits for what the test does with it.</summary>
    public async Task<Connection> NextAsync() => await _connections.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        var connection = new Connection(context);
        Resumed.Enqueue(context.Request.Headers["Last-Event-ID"].ToString());
        await _connections.Writer.WriteAsync(connection);
        await Task.WhenAny(connection.Ended, Task.Delay(Timeout.Infinite, context.RequestAborted));
    }

    internal sealed class Connection(HttpContext context)
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        /// <summary>Completes when the client has gone.</summary>
        public Task Left { get; } = Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

        public async Task SayAsync(string text)
        {
            await context.Response.WriteAsync(text);
            await context.Response.Body.FlushAsync();
        }

        public Task SayAsync(long revision, string prompt, string type = "value") => SayAsync(
            $"id: {revision}\nevent: {type}\ndata: {JsonSerializer.Serialize(new TurnConfig { SystemPrompt = prompt }, WireJson.Types.TurnConfig)}\n\n");

        public void Refuse(int status)
        {
            context.Response.StatusCode = status;
            _ended.SetResult();
        }

        public void End() => _ended.SetResult();

        /// <summary>In the middle of whatever was being said.</summary>
        public void Cut() => context.Abort();
    }
}
