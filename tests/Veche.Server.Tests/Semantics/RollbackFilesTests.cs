using System.Text;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Raft;
using Veche.Replica;
using Veche.Server.Semantics;
using Veche.Store;

namespace Veche.Server.Tests.Semantics;

public sealed class RollbackFilesTests : IDisposable
{
    private readonly string _directory = Path.Combine(Directory.CreateTempSubdirectory("veche-rollback-").FullName, "rollback");
    private readonly KeyValueStore _store = KeyValueStore.Open(new StoreOptions());
    private readonly WriteMetrics _metrics = new();

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(Path.GetDirectoryName(_directory)!, recursive: true);
    }

    [Fact]
    public void Everything_a_person_needs_is_in_the_file()
    {
        Files().Keep(
            Conflict(acknowledged: [11]),
            [
                Write(10, "leader", new Command { Put = new PutRequest { Key = ByteString.CopyFromUtf8("a/1"), Value = ByteString.CopyFromUtf8("one") } }),
                Write(11, "leader+fsync", new Command { Put = new PutRequest { Key = ByteString.CopyFrom(0xFF, 0), Value = ByteString.CopyFrom(1, 2), Lease = 7 } }),
                Write(12, string.Empty, new Command { DeleteRange = new DeleteRangeRequest { Key = ByteString.CopyFromUtf8("a/"), RangeEnd = ByteString.CopyFromUtf8("a0") } }),
                Write(13, "all", new Command { Txn = new TxnRequest() }),
                Write(14, "1", new Command { Put = new PutRequest { Key = ByteString.CopyFromUtf8("b") } }),
            ]);
        string path = Assert.Single(Directory.EnumerateFiles(_directory, "*.jsonl"));
        Assert.Equal("20261127T010203000Z-term3-index10.jsonl", Path.GetFileName(path));
        IReadOnlyList<RollbackRecord> records = RollbackRecord.ReadFile(path);
        Assert.Equal(["yes", "yes", "no", "no", "unknown"], records.Select(static record => record.Acknowledged));
        Assert.Equal(["put", "put", "delete_range", "txn", "put"], records.Select(static record => record.Kind));
        Assert.Equal(("a/1", "one", "leader", "yes", "conflict", 0L), (records[0].Key, records[0].Value, records[0].Concern, records[0].Lost, records[0].Cause, records[0].ModRevision));
        Assert.Equal([0xFF, 0], records[1].KeyBytes);
        Assert.Equal([1, 2], records[1].ValueBytes);
        Assert.Equal(7, records[1].Lease);
        Assert.Equal(("majority", "a/", "a0"), (records[2].Concern, records[2].Key, Encoding.UTF8.GetString(records[2].RangeEndBytes)));
        Assert.NotNull(records[3].CommandBase64);
        string text = Metrics();
        Assert.Contains("veche_acknowledged_writes_lost_total{concern=\"leader\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("veche_acknowledged_writes_lost_total{concern=\"leader+fsync\"} 1\n", text, StringComparison.Ordinal);
        Assert.Contains("veche_acknowledged_writes_lost_total{concern=\"majority\"} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("veche_acknowledged_writes_lost_total{concern=\"all\"} 0\n", text, StringComparison.Ordinal);
        Assert.Contains("veche_writes_rolled_back_total{concern=\"number\",acknowledged=\"unknown\"} 1\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_snapshot_may_hold_is_not_counted_as_lost()
    {
        Rollback rollback = Conflict(acknowledged: [10]) with { Snapshot = new LogPosition(50, 9) };
        Files().Keep(rollback, [Write(10, "leader", new Command { Put = new PutRequest { Key = ByteString.CopyFromUtf8("a") } })]);
        RollbackRecord record = Assert.Single(RollbackRecord.ReadFile(Assert.Single(Directory.EnumerateFiles(_directory, "*.jsonl"))));
        Assert.Equal(("unknown", "snapshot", "yes"), (record.Lost, record.Cause, record.Acknowledged));
        Assert.Contains("veche_acknowledged_writes_lost_total{concern=\"leader\"} 0\n", Metrics(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_that_is_none_is_told()
    {
        Directory.CreateDirectory(_directory);
        string path = Path.Combine(_directory, "x.jsonl");
        File.WriteAllText(path, "nothing\n");
        Assert.Contains("line 1 is no line of a rollback file", Assert.Throws<InvalidDataException>(() => RollbackRecord.ReadFile(path)).Message, StringComparison.Ordinal);
    }

    private string Metrics()
    {
        var text = new StringBuilder();
        _metrics.Append(text, 0);
        return text.ToString();
    }

    private RollbackFiles Files() => new(_directory, _store, _metrics, new ServerLog(NullLogger.Instance), new At());

    private static Rollback Conflict(long[] acknowledged) => new(1, 10, 14, null) { Acknowledged = new SortedSet<long>(acknowledged), LedTerms = new SortedSet<long>() };

    private static Entry Write(long index, string concern, Command command)
    {
        command.WriteConcern = concern;
        return new Entry(index, 3, EntryKind.Command, CommandHeader.Wrap(new MemberId(2), index, command.ToByteArray()));
    }

    private sealed class At : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 27, 1, 2, 3, TimeSpan.Zero);
    }
}
