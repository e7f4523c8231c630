using System.Text.Json.Nodes;

namespace AspireAgent.Contracts.Config;

/// <summary>One revision of a layer, as its history keeps it.</summary>
/// <param name="Revision">Counts the layer's writes, without a gap.</param>
/// <param name="Document">The whole layer.</param>
/// <param name="At">When it was written.</param>
/// <param name="By">Who wrote it.</param>
/// <param name="Action">put, patch, rollback, promote or source.</param>
/// <param name="Why">The writer's reason, where one was given.</param>
public sealed record LayerRecord(long Revision, JsonObject Document, DateTimeOffset At, string By, string Action, string? Why = null);

/// <summary>One change of the configuration: who, when, what, why.</summary>
/// <param name="At">When.</param>
/// <param name="By">Who.</param>
/// <param name="Action">put, patch, rollback, promote, source; of a release: describe, start, pause, rollback, promote, delete.</param>
/// <param name="Target">As in <c>tenant/acme</c> or <c>release/terse-prompt</c>.</param>
/// <param name="Revision">The target's new revision.</param>
/// <param name="StoreRevision">The whole store's, as the signal's ids count.</param>
/// <param name="Why">The writer's reason.</param>
public sealed record AuditRecord(
    DateTimeOffset At, string By, string Action, string Target, long Revision, long StoreRevision, string? Why = null);
