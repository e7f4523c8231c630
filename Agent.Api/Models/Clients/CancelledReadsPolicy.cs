using System.ClientModel.Primitives;

namespace AspireAgent.Agent.Models.Clients;

/// <summary>
/// Ends a streamed response with its call. The SDK (OpenAI 2.14) does so from its first read of the body on; a call that is cancelled
/// between headers and body would keep its connection until the garbage is collected, and the vendor would talk to nobody.
/// </summary>
internal sealed class CancelledReadsPolicy : PipelinePolicy
{
    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        ProcessNext(message, pipeline, currentIndex);
        Wrap(message);
    }

    public override async ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        await ProcessNextAsync(message, pipeline, currentIndex);
        Wrap(message);
    }

    private static void Wrap(PipelineMessage message)
    {
        if (!message.BufferResponse && message.Response is { IsError: false, ContentStream: { } body } response)
        {
            response.ContentStream = new CancelledReads(body, message.CancellationToken);
        }
    }
}
