using System.Globalization;
using System.Text;
using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Hosting;
using Veche.Log;
using Veche.Raft;
using Veche.Replica;
using Veche.Store;

namespace Veche.Server.Semantics;

/// <summary>
/// Writes what is rolled back to files that a person can read, one for each time, before it leaves the log. Bounded in number and size; the oldest go first.
/// </summary>
/// <param name="directory">Where; null for a member without a disk, which only counts.</param>
/// <param name="store">The state, for what the keys are now.</param>
/// <param name="metrics">Counts them.</param>
/// <param name="log">Tells the operator.</param>
/// <param name="time">The wall clock.</param>
internal sealed class RollbackFiles(string? directory, KeyValueStore store, WriteMetrics metrics, ServerLog log, TimeProvider time) : IRollbackKeeper
{
    /// <summary>The directory, in the data directory.</summary>
    public const string DirectoryName = "rollback";

    /// <summary>Ends the name of a file that is whole.</summary>
    public const string Extension = ".jsonl";

    private const int MaxFiles = 1000;
    private const long MaxTotalBytes = 256 << 20;
    private const string Unfinished = ".tmp";
    private static readonly Caller Itself = new() { IsMember = true };

    /// <inheritdoc/>
    public void Keep(Rollback rollback, IReadOnlyList<Entry> entries)
    {
        DateTimeOffset now = time.GetUtcNow();
        List<RollbackRecord> records = [.. entries.Select(entry => RecordOf(rollback, entry, now))];
        string? path = directory is null ? null : WriteFile(records, now);
        foreach (RollbackRecord record in records)
        {
            metrics.RolledBack(WriteConcern.Parse(record.Concern).Level, record.Acknowledged, record.Lost == "yes");
        }

        int acknowledged = records.Count(static record => record.Acknowledged == "yes");
        log.RolledBack(records.Count, acknowledged, path ?? "nowhere: this member has no disk");
    }

    private RollbackRecord RecordOf(Rollback rollback, in Entry entry, DateTimeOffset now)
    {
        CommandHeader.TryRead(entry.Data, out MemberId origin, out _, out ReadOnlyMemory<byte> data);
        Command command;
        try
        {
            command = Command.Parser.ParseFrom(data.Span);
        }
        catch (InvalidProtocolBufferException)
        {
            command = new Command();
        }

        string concern = command.WriteConcern.Length > 0 ? command.WriteConcern : "majority";
        var record = new RollbackRecord
        {
            Index = entry.Index,
            Term = entry.Term,
            Time = now,
            Origin = origin.ToString(),
            Concern = concern,
            Acknowledged = AcknowledgementOf(WriteConcern.Parse(concern), rollback, entry.Position) switch
            {
                Acknowledgement.Yes => "yes",
                Acknowledgement.No => "no",
                _ => "unknown",
            },
            Lost = rollback.IsCertain(entry.Position) ? "yes" : "unknown",
            Cause = rollback.Snapshot is null ? "conflict" : "snapshot",
            Kind = KindOf(command),
        };
        return command.BodyCase switch
        {
            Command.BodyOneofCase.Put => With(record, command.Put.Key) with
            {
                Value = RollbackRecord.TextOf(command.Put.Value.Span),
                ValueBase64 = RollbackRecord.TextOf(command.Put.Value.Span) is null ? command.Put.Value.ToByteArray() : null,
                Lease = command.Put.Lease != 0 ? command.Put.Lease : null,
            },
            Command.BodyOneofCase.DeleteRange => With(record, command.DeleteRange.Key) with
            {
                RangeEnd = command.DeleteRange.RangeEnd.IsEmpty ? null : RollbackRecord.TextOf(command.DeleteRange.RangeEnd.Span),
                RangeEndBase64 = RollbackRecord.TextOf(command.DeleteRange.RangeEnd.Span) is null ? command.DeleteRange.RangeEnd.ToByteArray() : null,
            },
            _ => record with { CommandBase64 = data.ToArray() },
        };
    }

    /// <summary>
    /// What is acknowledged from the leader's memory is acknowledged as it gets into the log, and <c>none</c> before, so such an entry has been, whoever
    /// finds it. What waits for a commit has not been, or it could not be rolled back. Of the rest only the leader knows.
    /// </summary>
    private static Acknowledgement AcknowledgementOf(WriteConcern concern, Rollback rollback, LogPosition entry) => concern switch
    {
        { Applied: true } => Acknowledgement.No,
        { Level: WriteLevel.None or WriteLevel.Leader } => Acknowledgement.Yes,
        { Level: WriteLevel.LeaderSynced or WriteLevel.MajorityMemory or WriteLevel.Members } => rollback.AcknowledgementOf(entry),
        _ => Acknowledgement.No,
    };

    private RollbackRecord With(RollbackRecord record, ByteString key) => record with
    {
        Key = RollbackRecord.TextOf(key.Span),
        KeyBase64 = RollbackRecord.TextOf(key.Span) is null ? key.ToByteArray() : null,
        ModRevision = ModRevisionOf(key),
    };

    private long? ModRevisionOf(ByteString key)
    {
        try
        {
            RangeResponse now = store.Range(new RangeRequest { Key = key, KeysOnly = true }, Itself);
            return now.Kvs.Count > 0 ? now.Kvs[0].ModRevision : 0;
        }
        catch (StoreException)
        {
            // Left out of the record: then it is only written again when somebody insists.
            return null;
        }
    }

    private static string KindOf(Command command) => command.BodyCase switch
    {
        Command.BodyOneofCase.Put => "put",
        Command.BodyOneofCase.DeleteRange => "delete_range",
        Command.BodyOneofCase.None => "unknown",
        Command.BodyOneofCase other => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(other.ToString()),
    };

    private string WriteFile(List<RollbackRecord> records, DateTimeOffset now)
    {
        using var disk = new RealDisk(directory!);
        string name = string.Create(CultureInfo.InvariantCulture, $"{now:yyyyMMdd'T'HHmmssfff'Z'}-term{records[0].Term}-index{records[0].Index}{Extension}");
        byte[] text = Encoding.UTF8.GetBytes(string.Concat(records.Select(static record => record.ToLine() + "\n")));
        using (IDiskFile file = disk.Open(name + Unfinished))
        {
            file.Truncate(0);
            file.Write(0, text);
            file.Sync();
        }

        disk.Rename(name + Unfinished, name);
        MakeRoom(disk, name);
        disk.SyncDirectory();
        return Path.Combine(directory!, name);
    }

    private static void MakeRoom(RealDisk disk, string newest)
    {
        // Names begin with the time, so the order of names is that of age.
        List<(string Name, long Bytes)> files = [];
        foreach (string name in disk.List())
        {
            using IDiskFile file = disk.Open(name);
            files.Add((name, file.Length));
        }

        long total = files.Sum(static file => file.Bytes);
        int count = files.Count;
        foreach ((string name, long bytes) in files)
        {
            if ((count > MaxFiles || total > MaxTotalBytes) && name != newest)
            {
                disk.Delete(name);
                count--;
                total -= bytes;
            }
        }
    }
}
