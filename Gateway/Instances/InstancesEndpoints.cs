using AspireAgent.Contracts;
using AspireAgent.Contracts.Instances;
using AspireAgent.ServiceDefaults.Draining;
using AspireAgent.ServiceDefaults.Instances;
using AspireAgent.ServiceDefaults.Problems;
using AspireAgent.ServiceDefaults.Trust;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace AspireAgent.Gateway.Instances;

/// <summary>The registry of pods, and their draining; for operators.</summary>
internal static class InstancesEndpoints
{
    // The instance looks each second at the latest.
    private static readonly TimeSpan HeardWithin = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    public static void MapInstances(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/instances").RequireAuthorization(TrustRegistration.OperatorPolicy);
        group.MapGet("/", (InstanceRegistry registry) => AnswerAsync(async () => TypedResults.Ok(await registry.ListAsync())));
        group.MapPost("/{name}/drain", Drain);
        group.MapPost("/{name}/undrain", Undrain);
    }

    // Repeated, it sets the deadlines anew.
    private static Task<IResult> Drain(
        string name, DrainRequest? request, InstanceRegistry registry, DrainOrders orders, IOptions<DrainOptions> options, TimeProvider time) =>
        AnswerAsync(async () =>
        {
            var wanted = request ?? new DrainRequest();
            if (Problem.Validate(wanted) is { } invalid)
            {
                return invalid;
            }

            var hard = wanted.HardSeconds ?? Math.Max((int)options.Value.HardDeadline.TotalSeconds, wanted.SoftSeconds ?? 0);
            var soft = wanted.SoftSeconds ?? Math.Min(hard, (int)options.Value.SoftDeadline.TotalSeconds);
            if (soft > hard)
            {
                return Problem.Of(
                    StatusCodes.Status422UnprocessableEntity, ProblemTypes.InvalidRequest, "The soft deadline is after the hard one.",
                    $"softSeconds is {soft}, hardSeconds is {hard}.");
            }

            if (await registry.FindAsync(name) is null)
            {
                return Unknown(name);
            }

            var now = Truncate(time.GetUtcNow());
            await orders.OrderAsync(name, new DrainStatus(now, now.AddSeconds(hard), soft, wanted.Exit ?? true));
            return await HeardAsync(name, instance => instance.Drain?.Since == now, registry, time);
        });

    private static Task<IResult> Undrain(string name, InstanceRegistry registry, DrainOrders orders, TimeProvider time) =>
        AnswerAsync(async () =>
        {
            if (await registry.FindAsync(name) is null)
            {
                return Unknown(name);
            }

            await orders.CancelAsync(name);
            return await HeardAsync(name, instance => instance.Drain is null, registry, time);
        });

    // As soon as the instance has heard of it; it may be gone by then.
    private static async Task<IResult> HeardAsync(
        string name, Func<InstanceInfo, bool> hasHeard, InstanceRegistry registry, TimeProvider time)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var instance = await registry.FindAsync(name);
            if (instance is null || hasHeard(instance) || time.GetElapsedTime(started) > HeardWithin)
            {
                return instance is null ? TypedResults.Accepted((string?)null) : TypedResults.Accepted((string?)null, instance);
            }

            await Task.Delay(LookEvery, time);
        }
    }

    // As the wire has it.
    private static DateTimeOffset Truncate(DateTimeOffset instant) => new(instant.Ticks - (instant.Ticks % TimeSpan.TicksPerMillisecond), instant.Offset);

    private static IResult Unknown(string name) => Problem.Of(
        StatusCodes.Status404NotFound, ProblemTypes.InstanceNotFound, "There is no such instance.", name);

    private static async Task<IResult> AnswerAsync(Func<Task<IResult>> answer)
    {
        try
        {
            return await answer();
        }
        catch (Exception exception) when (exception is RedisException or TimeoutException)
        {
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, ProblemTypes.Unavailable, "The registry cannot be reached; try again.");
        }
    }
}
