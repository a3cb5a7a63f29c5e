using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Store.Auth;
using Veche.Store.Bolt;
using Veche.Store.Engine;
using Veche.Store.Leases;
using Veche.Store.Mvcc;

namespace Veche.Store.Backups;

/// <summary>One state of the store, to be written as the bbolt file that etcd would have written of it. Nothing that is applied meanwhile shows in it, or waits for it.</summary>
public sealed class StoreBackup : IDisposable
{
    private readonly EtcdBuckets _buckets;
    private readonly IEngineView _view;
    private BoltFileWriter? _writer;

    internal StoreBackup(IEngineView view, BackupState state, string clusterVersion)
    {
        _view = view;
        _buckets = new EtcdBuckets(view, state, clusterVersion);
        Revision = state.Revision;
    }

    /// <summary>The revision of the state.</summary>
    public long Revision { get; }

    /// <summary>Length of the file. Found out by writing it into nothing, so the first call takes as long as writing it.</summary>
    public long SizeBytes => Writer.SizeBytes;

    private BoltFileWriter Writer => _writer ??= new BoltFileWriter(_buckets);

    /// <summary>Writes the file, from front to back.</summary>
    public void WriteTo(Stream destination) => Writer.WriteTo(destination);

    /// <summary>etcd's hash over all there is: CRC-32C over each bucket's name, keys and values; the applied index does not count.</summary>
    public uint Hash()
    {
        var hash = new HashingSink();
        foreach (string bucket in _buckets.Buckets)
        {
            hash.AddName(bucket);
            _buckets.Read(bucket, hash);
        }

        return Crc32C.Finish(hash.Crc);
    }

    /// <inheritdoc/>
    public void Dispose() => _view.Dispose();

    private sealed class HashingSink : IPairSink
    {
        public uint Crc { get; private set; } = Crc32C.Begin;

        public void AddName(string name) => Crc = Crc32C.Add(Crc, Encoding.UTF8.GetBytes(name));

        public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            if (!key.SequenceEqual(EtcdBuckets.ConsistentIndex))
            {
                Crc = Crc32C.Add(Crc32C.Add(Crc, key), value);
            }
        }
    }
}

/// <summary>What of a state is not in the engine's pairs one by one.</summary>
internal readonly record struct BackupState(long AppliedIndex, long Revision, long CompactRevision, long ReclaimedRevision);

/// <summary>The state as etcd lays it out in its database.</summary>
internal sealed class EtcdBuckets(IEngineView view, BackupState state, string clusterVersion) : IBoltContent
{
    public const string Alarm = "alarm";
    public const string Auth = "auth";
    public const string AuthRoles = "authRoles";
    public const string AuthUsers = "authUsers";
    public const string Cluster = "cluster";
    public const string Keys = "key";
    public const string Leases = "lease";
    public const string Members = "members";
    public const string MembersRemoved = "members_removed";
    public const string MetaBucket = "meta";

    public static ReadOnlySpan<byte> ConsistentIndex => "consistent_index"u8;

    public static ReadOnlySpan<byte> FinishedCompaction => "finishedCompactRev"u8;

    public static ReadOnlySpan<byte> ScheduledCompaction => "scheduledCompactRev"u8;

    public static ReadOnlySpan<byte> AuthEnabled => "authEnabled"u8;

    public static ReadOnlySpan<byte> AuthRevision => "authRevision"u8;

    public IReadOnlyList<string> Buckets { get; } = [Alarm, Auth, AuthRoles, AuthUsers, Cluster, Keys, Leases, Members, MembersRemoved, MetaBucket];

    public void Read(string bucket, IPairSink into)
    {
        switch (bucket)
        {
            case Alarm:
                AddSorted(into, Pairs(KeyLayout.Alarm, static (key, _) => (AlarmOf(key).ToByteArray(), [])));
                break;
            case Auth:
                ReadAuth(into);
                break;
            case AuthRoles:
                ReadNamed(AuthKeys.RoleKind, into);
                break;
            case AuthUsers:
                ReadNamed(AuthKeys.UserKind, into);
                break;
            case Cluster:
                into.Add("clusterVersion"u8, Encoding.ASCII.GetBytes(clusterVersion));
                break;
            case Keys:
                ReadKeys(into);
                break;
            case Leases:
                ReadLeases(into);
                break;
            case Members:
                AddSorted(into, Pairs(KeyLayout.Member, static (_, value) => MemberOf(MemberAttributes.Parser.ParseFrom(value))));
                break;
            case MetaBucket:
                ReadMeta(into);
                break;
        }
    }

    /// <summary>The history is in etcd's own encoding already.</summary>
    private void ReadKeys(IPairSink into)
    {
        using IEngineIterator iterator = view.OpenIterator();
        for (iterator.Seek([KeyLayout.History]); iterator.IsValid && iterator.Key[0] == KeyLayout.History; iterator.Next())
        {
            into.Add(iterator.Key[1..], iterator.Value);
        }
    }

    private void ReadLeases(IPairSink into)
    {
        using IEngineIterator iterator = view.OpenIterator();
        for (iterator.Seek([KeyLayout.Lease]); iterator.IsValid && iterator.Key[0] == KeyLayout.Lease; iterator.Next())
        {
            into.Add(iterator.Key[1..], EtcdLease.Encode(LeaseKeys.Decode(iterator.Key, iterator.Value)));
        }
    }

    private void ReadMeta(IPairSink into)
    {
        byte[] index = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(index, state.AppliedIndex);
        into.Add(ConsistentIndex, index);

        // A compaction that has not cleared everything away yet goes on wherever the file is opened: etcd notes that in the same way.
        byte[] revision = new byte[Revision.Length];
        if (state.ReclaimedRevision > 0)
        {
            new Revision(state.ReclaimedRevision, 0).Write(revision, tombstone: false);
            into.Add(FinishedCompaction, revision);
        }

        if (state.CompactRevision > 0)
        {
            new Revision(state.CompactRevision, 0).Write(revision, tombstone: false);
            into.Add(ScheduledCompaction, revision);
        }
    }

    private void ReadAuth(IPairSink into)
    {
        if (view.Get(AuthKeys.State) is { Length: AuthKeys.StateLength } known)
        {
            into.Add(AuthEnabled, known.AsSpan(0, 1));
            byte[] revision = new byte[8];
            BinaryPrimitives.WriteUInt64BigEndian(revision, BinaryPrimitives.ReadUInt64LittleEndian(known.AsSpan(1)));
            into.Add(AuthRevision, revision);
        }
    }

    private void ReadNamed(byte kind, IPairSink into)
    {
        using IEngineIterator iterator = view.OpenIterator();
        for (iterator.Seek([KeyLayout.Auth, kind]); iterator.IsValid && iterator.Key.StartsWith([KeyLayout.Auth, kind]); iterator.Next())
        {
            into.Add(iterator.Key[2..], iterator.Value);
        }
    }

    private List<(byte[] Key, byte[] Value)> Pairs(byte kind, Func<byte[], byte[], (byte[] Key, byte[] Value)> translate)
    {
        List<(byte[] Key, byte[] Value)> pairs = [];
        using IEngineIterator iterator = view.OpenIterator();
        for (iterator.Seek([kind]); iterator.IsValid && iterator.Key[0] == kind; iterator.Next())
        {
            pairs.Add(translate(iterator.Key.ToArray(), iterator.Value.ToArray()));
        }

        return pairs;
    }

    private static void AddSorted(IPairSink into, List<(byte[] Key, byte[] Value)> pairs)
    {
        pairs.Sort(static (left, right) => left.Key.AsSpan().SequenceCompareTo(right.Key));
        foreach ((byte[] key, byte[] value) in pairs)
        {
            into.Add(key, value);
        }
    }

    private static AlarmMember AlarmOf(byte[] key) => new()
    {
        Alarm = (AlarmType)BinaryPrimitives.ReadInt32BigEndian(key.AsSpan(1)),
        MemberID = BinaryPrimitives.ReadUInt64BigEndian(key.AsSpan(5)),
    };

    private static (byte[] Key, byte[] Value) MemberOf(MemberAttributes member)
    {
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteNumber("id", member.Id);
            Write(writer, "peerURLs", member.PeerUrls);
            writer.WriteString("name", member.Name);
            Write(writer, "clientURLs", member.ClientUrls);
            writer.WriteEndObject();
        }

        return (Encoding.ASCII.GetBytes(member.Id.ToString("x", CultureInfo.InvariantCulture)), json.ToArray());
    }

    private static void Write(Utf8JsonWriter writer, string name, IEnumerable<string> values)
    {
        writer.WriteStartArray(name);
        foreach (string value in values)
        {
            writer.WriteStringValue(value);
        }

        writer.WriteEndArray();
    }
}

/// <summary>A lease as etcd keeps it: a message with id (1), time to live (2), and what was left of it at the last checkpoint (3), 0 for all.</summary>
internal static class EtcdLease
{
    public static byte[] Encode(LeaseRecord lease)
    {
        using var bytes = new MemoryStream();
        using (var output = new CodedOutputStream(bytes, leaveOpen: true))
        {
            WriteField(output, 1, lease.Id);
            WriteField(output, 2, lease.TtlSeconds);
            WriteField(output, 3, lease.RemainingSeconds < lease.TtlSeconds ? lease.RemainingSeconds : 0);
        }

        return bytes.ToArray();
    }

    public static LeaseRecord Decode(ReadOnlySpan<byte> bytes)
    {
        long id = 0;
        long ttl = 0;
        long remaining = 0;
        using var input = new CodedInputStream(bytes.ToArray());
        for (uint tag = input.ReadTag(); tag != 0; tag = input.ReadTag())
        {
            switch (WireFormat.GetTagFieldNumber(tag))
            {
                case 1:
                    id = input.ReadInt64();
                    break;
                case 2:
                    ttl = input.ReadInt64();
                    break;
                case 3:
                    remaining = input.ReadInt64();
                    break;
                default:
                    input.SkipLastField();
                    break;
            }
        }

        return new LeaseRecord(id, ttl, remaining > 0 ? remaining : ttl);
    }

    private static void WriteField(CodedOutputStream output, int number, long value)
    {
        if (value != 0)
        {
            output.WriteTag(number, WireFormat.WireType.Varint);
            output.WriteInt64(value);
        }
    }
}
