using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Server.Semantics;

namespace Veche.Server.Audit;

/// <summary>
/// How entries are told in an audit trail: what was asked, by whom, of which keys, and never a value, a password, a token, or a hash of one. Built from the entry
/// alone, so that every member tells the same.
/// </summary>
internal static class AuditText
{
    /// <summary>Counts changes of the form that older readers would not understand.</summary>
    public const int Format = 1;

    private static readonly JsonWriterOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An entry of the log as a JSON object.</summary>
    public static string Of(in Entry entry)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, Written))
        {
            json.WriteStartObject();
            json.WriteNumber("index", entry.Index);
            json.WriteNumber("term", entry.Term);
            switch (entry.Kind)
            {
                case EntryKind.Command:
                    Tell(json, entry.Data);
                    break;
                case EntryKind.Configuration when ConfigurationEntry.TryDecode(entry.Data, out Configuration? configuration, out _):
                    json.WriteString("kind", "configuration");
                    Tell(json, "voters", configuration.Voters);
                    Tell(json, "outgoing", configuration.OutgoingVoters);
                    Tell(json, "learners", configuration.Learners);
                    Tell(json, "witnesses", configuration.Witnesses);
                    break;
                default:
                    json.WriteString("kind", entry.Kind == EntryKind.NoOp ? "no_op" : "unknown");
                    break;
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The object that begins a file, without its closing brace.</summary>
    public static string Head(string cluster, string member, string previous, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{{\"trail\":{{\"format\":{Format},\"cluster\":\"{cluster}\",\"member\":\"{member}\",\"previous\":\"{previous}\"}},\"time\":\"{now.UtcDateTime:O}\"");

    /// <summary>The object of an entry, without its closing brace.</summary>
    public static string Entry(string entry, AppliedOutcome? outcome, DateTimeOffset now)
    {
        string revision = outcome is { } known ? string.Create(CultureInfo.InvariantCulture, $",\"revision\":{known.Revision}") : string.Empty;
        string refused = outcome?.Refused is { } reason ? $",\"refused\":\"{JsonEncodedText.Encode(reason, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"" : string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $"{{\"entry\":{entry}{revision}{refused},\"time\":\"{now.UtcDateTime:O}\"");
    }

    /// <summary>The object of a gap, without its closing brace.</summary>
    public static string Gap(long from, long through, string why, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture, $"{{\"gap\":{{\"from\":{from},\"through\":{through},\"why\":\"{why}\"}},\"time\":\"{now.UtcDateTime:O}\"");

    private static void Tell(Utf8JsonWriter json, ReadOnlyMemory<byte> data)
    {
        Command command;
        if (!CommandHeader.TryRead(data, out MemberId origin, out _, out ReadOnlyMemory<byte> body))
        {
            json.WriteString("kind", "unknown");
            return;
        }

        try
        {
            command = Command.Parser.ParseFrom(body.Span);
        }
        catch (InvalidProtocolBufferException)
        {
            // The state machine refuses it too.
            json.WriteString("kind", "unknown");
            return;
        }

        json.WriteString("kind", command.BodyCase == Command.BodyOneofCase.None ? "unknown" : JsonNamingPolicy.SnakeCaseLower.ConvertName(command.BodyCase.ToString()));
        json.WriteString("asked_at", origin.ToString());
        if (command.Caller is { IsMember: true })
        {
            json.WriteBoolean("by_cluster", true);
        }
        else if (command.Caller is { } caller)
        {
            json.WriteString("user", caller.User);
        }

        if (command.SessionId != 0)
        {
            json.WriteNumber("session", command.SessionId);
            json.WriteNumber("sequence", command.SessionSequence);
        }

        if (command.WriteConcern.Length > 0)
        {
            json.WriteString("concern", command.WriteConcern);
        }

        Tell(json, command);
    }

    private static void Tell(Utf8JsonWriter json, Command command)
    {
        switch (command.BodyCase)
        {
            case Command.BodyOneofCase.Put:
                Tell(json, command.Put);
                break;
            case Command.BodyOneofCase.DeleteRange:
                Tell(json, command.DeleteRange.Key, command.DeleteRange.RangeEnd);
                break;
            case Command.BodyOneofCase.Txn:
                Tell(json, command.Txn);
                break;
            case Command.BodyOneofCase.Compact:
                json.WriteNumber("compacted_revision", command.Compact.Revision);
                break;
            case Command.BodyOneofCase.LeaseGrant:
                json.WriteNumber("lease", command.LeaseGrant.ID);
                json.WriteNumber("ttl", command.LeaseGrant.TTL);
                break;
            case Command.BodyOneofCase.LeaseRevoke:
                json.WriteNumber("lease", command.LeaseRevoke.ID);
                json.WriteBoolean("expired", command.ExpiredInTerm != 0);
                break;
            case Command.BodyOneofCase.LeaseCheckpoint:
                json.WriteNumber("leases", command.LeaseCheckpoint.Leases.Count);
                break;
            case Command.BodyOneofCase.Member:
                json.WriteString("member", new MemberId(command.Member.Id).ToString());
                json.WriteString("name", command.Member.Name);
                break;
            case Command.BodyOneofCase.MemberUpdate:
                json.WriteString("member", new MemberId(command.MemberUpdate.Id).ToString());
                break;
            case Command.BodyOneofCase.Auth:
                Tell(json, command.Auth);
                break;
            case Command.BodyOneofCase.Alarm:
                json.WriteString("action", command.Alarm.Action.ToString().ToLowerInvariant());
                json.WriteString("alarm", command.Alarm.Alarm.ToString().ToLowerInvariant());
                json.WriteString("member", new MemberId(command.Alarm.MemberID).ToString());
                break;
            case Command.BodyOneofCase.Session:
                json.WriteString("action", command.Session.BodyCase.ToString().ToLowerInvariant());
                break;
            case Command.BodyOneofCase.StateHash:
                json.WriteString("action", command.StateHash.BodyCase.ToString().ToLowerInvariant());
                break;
        }
    }

    private static void Tell(Utf8JsonWriter json, PutRequest put)
    {
        Tell(json, put.Key, ByteString.Empty);
        json.WriteNumber("bytes", put.Value.Length);
        if (put.Lease != 0)
        {
            json.WriteNumber("lease", put.Lease);
        }
    }

    private static void Tell(Utf8JsonWriter json, TxnRequest txn)
    {
        json.WriteStartArray("if");
        foreach (Compare compare in txn.Compare)
        {
            json.WriteStartObject();
            Tell(json, compare.Key, compare.RangeEnd);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Tell(json, "then", txn.Success);
        Tell(json, "else", txn.Failure);
    }

    private static void Tell(Utf8JsonWriter json, string branch, IEnumerable<RequestOp> operations)
    {
        json.WriteStartArray(branch);
        foreach (RequestOp operation in operations)
        {
            json.WriteStartObject();
            switch (operation.RequestCase)
            {
                case RequestOp.RequestOneofCase.RequestPut:
                    json.WriteString("kind", "put");
                    Tell(json, operation.RequestPut);
                    break;
                case RequestOp.RequestOneofCase.RequestDeleteRange:
                    json.WriteString("kind", "delete_range");
                    Tell(json, operation.RequestDeleteRange.Key, operation.RequestDeleteRange.RangeEnd);
                    break;
                case RequestOp.RequestOneofCase.RequestRange:
                    json.WriteString("kind", "range");
                    Tell(json, operation.RequestRange.Key, operation.RequestRange.RangeEnd);
                    break;
                case RequestOp.RequestOneofCase.RequestTxn:
                    json.WriteString("kind", "txn");
                    Tell(json, operation.RequestTxn);
                    break;
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Tell(Utf8JsonWriter json, AuthCommand auth)
    {
        json.WriteString("change", auth.BodyCase == AuthCommand.BodyOneofCase.None ? "unknown" : JsonNamingPolicy.SnakeCaseLower.ConvertName(auth.BodyCase.ToString()));
        (string? user, string? role) = auth.BodyCase switch
        {
            AuthCommand.BodyOneofCase.IssueToken => (auth.IssueToken.User, null),
            AuthCommand.BodyOneofCase.UserAdd => (auth.UserAdd.Name, null),
            AuthCommand.BodyOneofCase.UserDelete => (auth.UserDelete.Name, null),
            AuthCommand.BodyOneofCase.UserChangePassword => (auth.UserChangePassword.Name, null),
            AuthCommand.BodyOneofCase.UserGrantRole => (auth.UserGrantRole.User, auth.UserGrantRole.Role),
            AuthCommand.BodyOneofCase.UserRevokeRole => (auth.UserRevokeRole.Name, auth.UserRevokeRole.Role),
            AuthCommand.BodyOneofCase.RoleAdd => (null, auth.RoleAdd.Name),
            AuthCommand.BodyOneofCase.RoleDelete => (null, auth.RoleDelete.Role),
            AuthCommand.BodyOneofCase.RoleGrantPermission => (null, auth.RoleGrantPermission.Name),
            AuthCommand.BodyOneofCase.RoleRevokePermission => (null, auth.RoleRevokePermission.Role),
            _ => ((string?)null, (string?)null),
        };
        if (user is not null)
        {
            json.WriteString("of_user", user);
        }

        if (role is not null)
        {
            json.WriteString("of_role", role);
        }

        if (auth.BodyCase == AuthCommand.BodyOneofCase.RoleGrantPermission && auth.RoleGrantPermission.Perm is { } permission)
        {
            json.WriteString("permission", permission.PermType.ToString().ToLowerInvariant());
            Tell(json, permission.Key, permission.RangeEnd);
        }
        else if (auth.BodyCase == AuthCommand.BodyOneofCase.RoleRevokePermission)
        {
            Tell(json, auth.RoleRevokePermission.Key, auth.RoleRevokePermission.RangeEnd);
        }
    }

    private static void Tell(Utf8JsonWriter json, ByteString key, ByteString rangeEnd)
    {
        Tell(json, "key", key);
        if (!rangeEnd.IsEmpty)
        {
            Tell(json, "range_end", rangeEnd);
        }
    }

    /// <summary>As text where it is text, so that a person can read it, and in base64 where it is not.</summary>
    private static void Tell(Utf8JsonWriter json, string name, ByteString bytes)
    {
        if (RollbackRecord.TextOf(bytes.Span) is { } text)
        {
            json.WriteString(name, text);
        }
        else
        {
            json.WriteString(name + "_base64", bytes.ToBase64());
        }
    }

    private static void Tell(Utf8JsonWriter json, string name, IReadOnlyList<MemberId> members)
    {
        if (members.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (MemberId member in members)
        {
            json.WriteStringValue(member.ToString());
        }

        json.WriteEndArray();
    }
}
