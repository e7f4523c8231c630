using System.Net;

namespace AspireAgent.Gateway.Protocols;

/// <summary>A pod's answer as the gateway's own: status, type, place and body.</summary>
internal sealed class RelayedResult(HttpResponseMessage response) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var owned = response;
        httpContext.Response.StatusCode = (int)response.StatusCode;
        if (response.Content.Headers.ContentType is { } type)
        {
            httpContext.Response.ContentType = type.ToString();
        }

        if (response.Headers.Location is { } location)
        {
            httpContext.Response.Headers.Location = location.ToString();
        }

        if (response.StatusCode is HttpStatusCode.NoContent)
        {
            return; // where even nothing may not be written
        }

        await response.Content.CopyToAsync(httpContext.Response.Body, httpContext.RequestAborted);
    }
}
