using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Veche.Cli.Audit;
using Veche.Cli.Leases;
using Veche.Cli.Members;
using Veche.Cli.Plan;
using Veche.Cli.Rollbacks;
using Veche.Cli.Sessions;
using Veche.Cli.Snapshots;
using Veche.Cli.Status;
using Veche.Cli.Users;

namespace Veche.Cli.Client;

/// <summary>How answers become JSON; made when this is compiled, without reflection, so that a native build can do it too.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(AddedMemberShape))]
[JsonSerializable(typeof(AuthShape))]
[JsonSerializable(typeof(ClusterShape))]
[JsonSerializable(typeof(DeleteShape))]
[JsonSerializable(typeof(Dictionary<string, IEnumerable<string>>))]
[JsonSerializable(typeof(DoneShape))]
[JsonSerializable(typeof(EventShape))]
[JsonSerializable(typeof(IReadOnlyList<StatusRow>))]
[JsonSerializable(typeof(LeaseShape))]
[JsonSerializable(typeof(LeasesShape))]
[JsonSerializable(typeof(MembersShape))]
[JsonSerializable(typeof(PlanShape))]
[JsonSerializable(typeof(PutShape))]
[JsonSerializable(typeof(RangeShape))]
[JsonSerializable(typeof(RoleShape))]
[JsonSerializable(typeof(RollbackCommand.ReappliedShape))]
[JsonSerializable(typeof(RollbackCommand.RollbackSummary))]
[JsonSerializable(typeof(AuditCommand.VerifiedShape))]
[JsonSerializable(typeof(AuditCommand.ShownShape))]
[JsonSerializable(typeof(SavedShape))]
[JsonSerializable(typeof(SessionCommands.OutcomeShape))]
[JsonSerializable(typeof(SessionCommands.SessionShape))]
[JsonSerializable(typeof(SnapshotShape))]
[JsonSerializable(typeof(TxnShape))]
[JsonSerializable(typeof(UserShape))]
internal sealed partial class OutputJson : JsonSerializerContext
{
    /// <summary>On one line; what is null is left out.</summary>
    public static OutputJson Lines { get; } = new(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    /// <summary>For people to read.</summary>
    public static OutputJson Indented { get; } = new(new JsonSerializerOptions { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.CamelCase });
}
