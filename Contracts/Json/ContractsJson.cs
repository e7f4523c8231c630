using System.Text.Json;
using System.Text.Json.Serialization;
using AspireAgent.Contracts.Budget;
using AspireAgent.Contracts.Chaos;
using AspireAgent.Contracts.Config;
using AspireAgent.Contracts.Instances;
using AspireAgent.Contracts.Sessions;

namespace AspireAgent.Contracts.Json;

/// <summary>
/// Serialization of everything on the wire: camelCase, nulls left out, unknown members refused (a typing error in a
/// request is an error, not silence), enums in kebab case.
/// </summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    AllowOutOfOrderMetadataProperties = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.Strict,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(UtcMillisecondsConverter)])]
[JsonSerializable(typeof(SessionEvent))]
[JsonSerializable(typeof(SessionSnapshot))]
[JsonSerializable(typeof(SessionCheckpoint))]
[JsonSerializable(typeof(SessionInfo))]
[JsonSerializable(typeof(SessionCreated))]
[JsonSerializable(typeof(OpenSessionRequest))]
[JsonSerializable(typeof(InputRequest))]
[JsonSerializable(typeof(InputAccepted))]
[JsonSerializable(typeof(InputReceipt))]
[JsonSerializable(typeof(TurnConfig))]
[JsonSerializable(typeof(LiveKnobs))]
[JsonSerializable(typeof(ConfigLayers))]
[JsonSerializable(typeof(LayerRecord))]
[JsonSerializable(typeof(AuditRecord))]
[JsonSerializable(typeof(BudgetStatus))]
[JsonSerializable(typeof(BudgetLimit))]
[JsonSerializable(typeof(BudgetNode))]
[JsonSerializable(typeof(IReadOnlyList<BudgetNode>))]
[JsonSerializable(typeof(BudgetSync))]
[JsonSerializable(typeof(BudgetSyncReply))]
[JsonSerializable(typeof(CostBreaker))]
[JsonSerializable(typeof(OpenCostBreaker))]
[JsonSerializable(typeof(CloseCostBreaker))]
[JsonSerializable(typeof(BudgetAudit))]
[JsonSerializable(typeof(BudgetAuditRecord))]
[JsonSerializable(typeof(UsageReport))]
[JsonSerializable(typeof(ChaosStatus))]
[JsonSerializable(typeof(ChaosExperiment))]
[JsonSerializable(typeof(IReadOnlyList<InstanceInfo>))]
[JsonSerializable(typeof(DrainRequest))]
[JsonSerializable(typeof(DrainStatus))]
[JsonSerializable(typeof(ModelList))]
public sealed partial class ContractsJson : JsonSerializerContext;
