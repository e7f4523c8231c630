using System.Text.Json.Nodes;
using System.Threading.Channels;
using AspireAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AspireAgent.Agent.Tests.Models.Clients;

/// <summary>A vendor over real HTTP, which shows what it is sent and says what the test says, in OpenAI's words or in Ollama's.</summary>
internal sealed class Vendor : IAsyncDisposable
{
    private readonly Channel<VendorCall> _calls = Channel.CreateUnbounded<VendorCall>();
    private readonly WebApplication _app;

    private Vendor(WebApplication app, Uri address) => (_app, Address) = (app, address);

    public Uri Address { get; }

    /// <summary>Whether a call came that the test did not take.</summary>
    public bool HasCalls => _calls.Reader.Count > 0;

    public static async Task<Vendor> StartAsync()
    {
        var address = new Uri($"http://127.0.0.1:{LocalPort.Free()}");
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls($"{address}");
        builder.Logging.ClearProviders();
        var vendor = new Vendor(builder.Build(), address);
        vendor._app.MapPost("/{**path}", vendor.HandleAsync);
        await vendor._app.StartAsync();
        return vendor;
    }

    /// <summary>The next call that comes; it waits for what the test does with it.</summary>
    public async Task<VendorCall> NextAsync() => await _calls.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(60));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        var body = await JsonNode.ParseAsync(context.Request.Body);
        var call = new VendorCall(context, body!.AsObject());
        await _calls.Writer.WriteAsync(call);
        await Task.WhenAny(call.Ended, call.Left);
    }
}

/// <summary>One call of a vendor.</summary>
internal sealed class VendorCall(HttpContext context, JsonObject body)
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly bool _ollama = context.Request.Path.Value!.EndsWith("/api/chat", StringComparison.Ordinal);
    private string _said = "";

    public JsonObject Body { get; } = body;

    public string Path { get; } = context.Request.Path;

    public IReadOnlyDictionary<string, string> Headers { get; } =
        context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);

    public Task Ended => _ended.Task;

    /// <summary>Completes when the client has closed the connection.</summary>
    public Task Left { get; } = Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);

    private bool Streams => Body["stream"]?.GetValue<bool>() is true;

    public async Task SayAsync(string text)
    {
        _said += text;
        if (Streams)
        {
            await SendAsync(_ollama
                ? new JsonObject { ["model"] = "m", ["message"] = Message(text), ["done"] = false }
                : Completion("delta", Message(text), null));
        }
    }

    public async Task FinishAsync(string reason = "stop")
    {
        var words = Message(Streams ? "" : _said);
        await SendAsync(_ollama
            ? new JsonObject { ["model"] = "m", ["message"] = words, ["done"] = true, ["done_reason"] = reason, ["prompt_eval_count"] = 3, ["eval_count"] = 2 }
            : Completion(Streams ? "delta" : "message", words, reason));
        _ended.SetResult();
    }

    /// <summary>Says one line as it is.</summary>
    public Task SendAsync(JsonObject line) => SendAsync(line.ToJsonString());

    /// <summary>The same, though it need not be JSON.</summary>
    public async Task SendAsync(string json)
    {
        var events = Streams && !_ollama;
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = events ? "text/event-stream" : "application/json";
        }

        await context.Response.WriteAsync(events ? $"data: {json}\n\n" : $"{json}\n");
        await context.Response.Body.FlushAsync();
    }

    public async Task RefuseAsync(int status, string? retryAfter = null, string text = "")
    {
        context.Response.StatusCode = status;
        context.Response.Headers.RetryAfter = retryAfter;
        await context.Response.WriteAsync(text);
        _ended.SetResult();
    }

    private static JsonObject Message(string text) => new() { ["role"] = "assistant", ["content"] = text };

    private static JsonObject Completion(string part, JsonObject words, string? finish) => new()
    {
        ["id"] = "1",
        ["object"] = "chat.completion",
        ["created"] = 1,
        ["model"] = "m",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, [part] = words, ["finish_reason"] = finish }),
    };

    /// <summary>Ends the answer in good order, whatever was said.</summary>
    public void End() => _ended.SetResult();
}
