using AspireAgent.Simulator.Chat;
using AspireAgent.Simulator.Requests;
using AspireAgent.Simulator.Text;

namespace AspireAgent.Simulator.Tools;

/// <summary>
/// <c>GET /tools/{name}?delay=&amp;status=</c>: somebody's service behind a tool, as slow and as broken as the caller wants it. It shows
/// among the requests as the model <c>tool:{name}</c>.
/// </summary>
internal sealed class ToolEndpoint(Tempo tempo, RequestLog log, TimeProvider time)
{
    /// <param name="context">The call.</param>
    /// <param name="name">The tool's name.</param>
    /// <param name="delay">Wait before the answer; milliseconds.</param>
    /// <param name="status">The answer's status.</param>
    public async Task HandleAsync(HttpContext context, string name, int delay, int status)
    {
        if (delay < 0 || status is < 200 or > 599)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            await context.Response.WriteAsJsonAsync(ChatReplies.Error("'delay' and 'status' are out of bounds.", "invalid_request_error", null));
            return;
        }

        var entry = new RequestEntry($"tool-{Guid.NewGuid():N}", $"tool:{name}", Stream: false, [], time.GetUtcNow()).From(context);
        log.Add(entry);
        try
        {
            await tempo.ForFaultAsync(TimeSpan.FromMilliseconds(delay), context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            log.Cancelled(entry.Id);
            return;
        }

        context.Response.StatusCode = status;
        if (status < 300)
        {
            log.Completed(entry.Id);
            await context.Response.WriteAsJsonAsync(new { tool = name, result = $"{name} is done" });
        }
        else
        {
            log.Faulted(entry.Id);
            await context.Response.WriteAsJsonAsync(ChatReplies.Error($"Simulated status {status}.", "server_error", null));
        }
    }
}
