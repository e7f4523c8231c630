using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace AspireAgent.ServiceDefaults.Telemetry;

/// <summary>OpenTelemetry logs, metrics and traces, sent over OTLP where <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> says.</summary>
internal static class TelemetryRegistration
{
    /// <summary>Every meter and activity source of ours begins so.</summary>
    private const string Ours = "AspireAgent.*";

    public static void AddTelemetry(this WebApplicationBuilder builder)
    {
        builder.Logging
            .AddFilter("Microsoft.AspNetCore", LogLevel.Warning)
            .AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information)
            .AddFilter("System.Net.Http.HttpClient", LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Http", LogLevel.Warning)
            .AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.Critical) // /health says it
            .AddFilter("Microsoft.Extensions.AI", LogLevel.None) // a stop is no warning, and a vendor's words may quote the prompt: the turn says it
            .AddFilter("Polly", LogLevel.Warning)
            .AddFilter("Yarp", LogLevel.Warning)
            .AddOpenTelemetry(logging =>
            {
                logging.IncludeFormattedMessage = true;
                logging.IncludeScopes = true;
            });

        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter(Ours, ModelSpans.Source))
            .WithTracing(tracing => tracing
                .AddProcessor<ModelSpans>() // before whatever sends them
                .AddSource(Ours, ModelSpans.Source)
                .AddAspNetCoreInstrumentation(http => http.Filter = context =>
                    !context.Request.Path.StartsWithSegments("/health") && !context.Request.Path.StartsWithSegments("/alive"))
                .AddHttpClientInstrumentation());

        if (!string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            telemetry.UseOtlpExporter();
        }
    }
}
