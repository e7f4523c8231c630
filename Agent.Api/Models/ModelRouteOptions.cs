using System.ComponentModel.DataAnnotations;

namespace AspireAgent.Agent.Models;

/// <summary>One model at one endpoint.</summary>
public sealed class ModelRouteOptions
{
    /// <summary>What is spoken there.</summary>
    public ModelKind Kind { get; set; }

    /// <summary>
    /// Base address: <c>https://api.openai.com/v1</c>, <c>https://{name}.openai.azure.com/openai/v1</c>, <c>http://ollama:11434</c>.
    /// </summary>
    [Required]
    public Uri? Endpoint { get; set; }

    /// <summary>The model's name there; with Azure OpenAI the deployment's.</summary>
    [Required]
    public string Model { get; set; } = "";

    /// <summary>The key; empty for an endpoint that needs none. A change serves the next call.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>The model's window; tokens.</summary>
    [Range(1_024, 10_000_000)]
    public int ContextTokens { get; set; } = 128_000;

    /// <summary>Price of a million input tokens; micro-USD.</summary>
    [Range(0, 10_000_000_000)]
    public long InputMicroUsdPerMillion { get; set; }

    /// <summary>Price of a million output tokens; micro-USD.</summary>
    [Range(0, 10_000_000_000)]
    public long OutputMicroUsdPerMillion { get; set; }

    /// <summary>How the model goes on with an answer that was cut off; many cannot.</summary>
    public Prefill Prefill { get; set; }

    /// <summary>Whether the model can call tools; without it none is shown to it.</summary>
    public bool Tools { get; set; } = true;

    /// <summary>Calls that this pod makes at once where the route serves as the fallback of another.</summary>
    [Range(1, 100_000)]
    public int FallbackCalls { get; set; } = 32;

    /// <summary>Longest wait for the first token, retries included.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan FirstTokenTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait between two tokens.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:10:00")]
    public TimeSpan TokenTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest time that one call may take altogether.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "06:00:00")]
    public TimeSpan TotalTimeout { get; set; } = TimeSpan.FromMinutes(10);
}

/// <summary>What an endpoint speaks.</summary>
public enum ModelKind
{
    /// <summary>OpenAI's chat completions, as many vendors and servers do.</summary>
    OpenAi,

    /// <summary>The same at Azure, which wants its key in another header.</summary>
    AzureOpenAi,

    /// <summary>Ollama's own API.</summary>
    Ollama,
}

/// <summary>How a model is asked to go on with an answer that it has begun.</summary>
public enum Prefill
{
    /// <summary>It cannot be asked.</summary>
    None,

    /// <summary>The last message is the assistant's, and the model goes on from its end.</summary>
    LastAssistant,

    /// <summary>The same, where that message says <c>"prefix": true</c> (DeepSeek, Mistral).</summary>
    PrefixFlag,

    /// <summary>The same, where the request says <c>"continue_final_message": true</c> (vLLM, SGLang).</summary>
    ContinueFinalMessage,
}
