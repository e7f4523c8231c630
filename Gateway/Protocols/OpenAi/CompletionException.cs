using System.Globalization;
using System.Text.Json.Nodes;
using AspireAgent.Contracts;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Gateway.Protocols.OpenAi;

/// <summary>A completion call that cannot be answered, as OpenAI's API says it.</summary>
internal sealed class CompletionException(int status, string message, string type, string? code, string? param = null) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary>Seconds until a repeat may succeed; null: unknown.</summary>
    public int? RetryAfterSeconds { get; private init; }

    /// <summary>This gateway goes; another one answers.</summary>
    public static CompletionException Draining() => new(
        StatusCodes.Status503ServiceUnavailable, "The server restarts; ask again.", "server_error", "unavailable");

    /// <summary>The answer began anew after the caller had seen some of it.</summary>
    public static CompletionException Restarted() => new(
        StatusCodes.Status500InternalServerError, "The answer was cut off and had to start anew; ask again.", "server_error", "answer_restarted");

    public static CompletionException Invalid(string message, string? param) =>
        new(StatusCodes.Status400BadRequest, message, "invalid_request_error", null, param);

    /// <summary>A turn that failed, by its slug.</summary>
    public static CompletionException OfTurn(TurnFailed failed) => failed.Error switch
    {
        ProblemTypes.BudgetExhausted => new(
            StatusCodes.Status429TooManyRequests, "The system is busy: its token budget is used up.",
            "rate_limit_error", "budget_exhausted") { RetryAfterSeconds = Whole(failed.RetryAfterSeconds) },
        ProblemTypes.CostBreakerOpen => new(
            StatusCodes.Status429TooManyRequests, "The system is busy: it uses tokens too fast.",
            "rate_limit_error", "cost_breaker_open") { RetryAfterSeconds = Whole(failed.RetryAfterSeconds) },
        ProblemTypes.ModelTimeout => new(StatusCodes.Status504GatewayTimeout, "The model did not answer in time.", "server_error", "model_timeout"),
        ProblemTypes.ModelError => new(StatusCodes.Status502BadGateway, "The model failed.", "server_error", "model_error"),
        ProblemTypes.Stalled => new(StatusCodes.Status503ServiceUnavailable, "The model fell silent; ask again.", "server_error", "stalled"),
        ProblemTypes.Interrupted => new(StatusCodes.Status503ServiceUnavailable, "The answer was cut off; ask again.", "server_error", "interrupted"),
        ProblemTypes.ModelRefused => new(StatusCodes.Status400BadRequest, "The model refused the request.", "invalid_request_error", "model_refused"),
        _ => new(StatusCodes.Status500InternalServerError, "The answer could not be completed.", "server_error", failed.Error.Replace('-', '_')),
    };

    /// <summary>A refusal of ours by status.</summary>
    public static CompletionException OfProblem(int status, string? title, string? type)
    {
        var code = type?.StartsWith(ProblemTypes.Prefix, StringComparison.Ordinal) == true
            ? type[ProblemTypes.Prefix.Length..].Replace('-', '_')
            : null;
        return new CompletionException(
            status, title ?? string.Create(CultureInfo.InvariantCulture, $"Status {status}."),
            status switch
            {
                StatusCodes.Status401Unauthorized => "authentication_error",
                StatusCodes.Status403Forbidden => "permission_error",
                StatusCodes.Status429TooManyRequests => "rate_limit_error",
                < StatusCodes.Status500InternalServerError => "invalid_request_error",
                _ => "server_error",
            },
            status == StatusCodes.Status401Unauthorized ? "invalid_api_key" : code);
    }

    private static int? Whole(double? seconds) => seconds is { } known ? (int)Math.Ceiling(known) : null;

    /// <summary><c>{"error":{message,type,code,param}}</c></summary>
    public JsonObject ToJson() => new()
    {
        ["error"] = new JsonObject { ["message"] = Message, ["type"] = type, ["code"] = code, ["param"] = param },
    };
}
