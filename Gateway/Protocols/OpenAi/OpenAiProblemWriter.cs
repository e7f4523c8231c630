using AspireAgent.ServiceDefaults.Problems;

namespace AspireAgent.Gateway.Protocols.OpenAi;

/// <summary>On the OpenAI-compatible surface every error of the gateway has OpenAI's shape, so that its SDKs show the message.</summary>
internal sealed class OpenAiProblemWriter : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => IsOpenAi(context.HttpContext.Request.Path);

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        Problem.Complete(problem, context.HttpContext.Response.StatusCode);
        var status = problem.Status ?? context.HttpContext.Response.StatusCode;
        var message = string.Join(' ', new[] { problem.Title, problem.Detail }.OfType<string>());
        return new ValueTask(context.HttpContext.Response.WriteAsJsonAsync(
            CompletionException.OfProblem(status, message, problem.Type).ToJson(), context.HttpContext.RequestAborted));
    }

    private static bool IsOpenAi(PathString path) => path.StartsWithSegments("/v1/chat") || path.StartsWithSegments("/v1/models");
}
