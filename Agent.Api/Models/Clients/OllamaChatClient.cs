using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using OllamaSharp;
using OllamaSharp.Models;
using OllamaSharp.Models.Chat;
using ChatResponse = Microsoft.Extensions.AI.ChatResponse;

namespace AspireAgent.Agent.Models.Clients;

/// <summary>
/// Ollama's own API by OllamaSharp, with what that leaves out (5.5.2): a cancelled call closes its connection though the model is
/// silent, and ends as cancelled; an error that comes in the stream is one; no vendor's words are in an exception's message.
/// </summary>
internal sealed class OllamaChatClient(HttpClient http, string model, RouteKey key) : DelegatingChatClient(new Wire(http, model, key))
{
    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        if (options?.ToolMode is NoneChatToolMode)
        {
            options = options.Clone(); // it cannot be told not to call what it is shown
            options.Tools = null;
        }

        await foreach (var update in base.GetStreamingResponseAsync(messages, options, cancellationToken))
        {
            // {"error":"llama runner process has terminated"}
            if (update.RawRepresentation is not ChatResponseStream { Message: not null })
            {
                throw new HttpRequestException(HttpRequestError.InvalidResponse, "The model's stream broke off with an error.");
            }

            yield return update;
        }

        cancellationToken.ThrowIfCancellationRequested();
    }

    private sealed class Wire : OllamaApiClient
    {
        private readonly HttpClient _http;
        private readonly RouteKey _key;

        public Wire(HttpClient http, string model, RouteKey key)
            : base(http, model) => (_http, _key) = (http, key);

        protected override async Task<HttpResponseMessage> SendToOllamaAsync(
            HttpRequestMessage requestMessage, OllamaRequest? ollamaRequest, HttpCompletionOption completionOption, CancellationToken cancellationToken)
        {
            if (_key.Current is { Length: > 0 } current)
            {
                requestMessage.Headers.Authorization = new AuthenticationHeaderValue("Bearer", current);
            }

            var response = await _http.SendAsync(requestMessage, completionOption, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                using (response)
                {
                    throw new RouteRefusedException(response.StatusCode, response.Headers.RetryAfter);
                }
            }

            response.Content = new StreamContent(new CancelledReads(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken));
            return response;
        }
    }
}
