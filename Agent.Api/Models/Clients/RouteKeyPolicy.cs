using System.ClientModel.Primitives;

namespace AspireAgent.Agent.Models.Clients;

/// <summary>Puts the newest key on each request to an OpenAI-compatible endpoint, in the header where its kind wants it.</summary>
internal sealed class RouteKeyPolicy(RouteKey key, ModelKind kind) : AuthenticationPolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Authenticate(message.Request);
        ProcessNext(message, pipeline, currentIndex);
    }

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Authenticate(message.Request);
        return ProcessNextAsync(message, pipeline, currentIndex);
    }

    private void Authenticate(PipelineRequest request)
    {
        if (key.Current is not { Length: > 0 } current)
        {
            return;
        }

        if (kind is ModelKind.AzureOpenAi)
        {
            request.Headers.Set("api-key", current);
        }
        else
        {
            request.Headers.Set("Authorization", $"Bearer {current}");
        }
    }
}
