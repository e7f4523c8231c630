using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AspireAgent.Contracts.Sessions;
using Microsoft.Extensions.AI;

namespace AspireAgent.Agent.Tools;

/// <summary>
/// Names what a call does by what it is: the same call of the same step has the same id after a crash, on another pod and after a
/// restart, whatever id the model gives it. A tool that is idempotent by such a key, or effectful, hands it on (as
/// <c>Idempotency-Key</c>, say): its function takes a parameter of <see cref="AIFunctionArguments"/>, which no model sees, and asks <see cref="Of"/>.
/// </summary>
internal static class ToolOperation
{
    private const string Key = "operationId";
    private const int Digits = 32;

    /// <summary>The id of the operation that a function runs; null outside of a turn.</summary>
    public static string? Of(AIFunctionArguments arguments) => arguments.Context?.TryGetValue(Key, out var id) is true ? (string?)id : null;

    /// <summary>A function's arguments with the operation's id beside them.</summary>
    public static AIFunctionArguments With(JsonElement arguments, string id) =>
        new(arguments.EnumerateObject().ToDictionary(argument => argument.Name, object? (argument) => argument.Value, StringComparer.Ordinal))
        {
            Context = new Dictionary<object, object?> { [Key] = id },
        };

    /// <summary>
    /// Hash of session, turn, step, tool, arguments (however they are spaced and ordered) and, where a step makes the same call more
    /// than once, which of them it is.
    /// </summary>
    /// <param name="tool">The tool that runs, which need not be the one that was called.</param>
    /// <param name="call">The call.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="context">Its step.</param>
    public static string IdOf(string tool, ToolCalled call, JsonElement arguments, ToolContext context)
    {
        var canonical = ToolArguments.Canonical(arguments);
        var before = context.Calls.TakeWhile(other => other.Call != call.Call)
            .Count(other => other.Name == call.Name && ToolArguments.TryRead(other.Arguments, out var its) && ToolArguments.Canonical(its) == canonical);
        var action = JsonSerializer.Serialize<string[]>(
            [context.Session, call.Turn ?? "", context.Step.ToString(CultureInfo.InvariantCulture), tool, canonical, before.ToString(CultureInfo.InvariantCulture)]);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(action)))[..Digits];
    }
}
