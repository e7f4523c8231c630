using System.Diagnostics;
using OpenTelemetry;

namespace AspireAgent.ServiceDefaults.Telemetry;

/// <summary>
/// Takes out of the spans of model calls what a vendor said when it refused one: that may quote the prompt, and Microsoft.Extensions.AI
/// makes it the status' description. A call that was cancelled is no error.
/// </summary>
internal sealed class ModelSpans : BaseProcessor<Activity>
{
    /// <summary>Name that Microsoft.Extensions.AI gives its source and meter (OpenTelemetry GenAI conventions).</summary>
    public const string Source = "Experimental.Microsoft.Extensions.AI";

    private const string ErrorType = "error.type";

    public override void OnEnd(Activity data)
    {
        if (data.Source.Name != Source || data.Status is not ActivityStatusCode.Error)
        {
            return;
        }

        var isCancelled = data.GetTagItem(ErrorType) is "System.OperationCanceledException" or "System.Threading.Tasks.TaskCanceledException";
        data.SetStatus(isCancelled ? ActivityStatusCode.Unset : ActivityStatusCode.Error);
        if (isCancelled)
        {
            data.SetTag(ErrorType, null);
        }
    }
}
