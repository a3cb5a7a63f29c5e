using System.Buffers.Binary;
using Google.Protobuf;
using Veche.Api;
using Veche.Store.Auth;
using Veche.Store.Bolt;
using Veche.Store.Engine;
using Veche.Store.Leases;
using Veche.Store.Mvcc;

namespace Veche.Store.Backups;

/// <summary>Puts what a backup holds into an engine. Memory does not grow with the backup, but for its leases.</summary>
internal sealed class BackupImport(IKeyValueEngine engine)
{
    private const int PairsPerCommit = 1024;
    private readonly HashSet<long> _leases = [];
    private int _pairs;

    public long Revision { get; private set; } = KeyValueStore.FirstRevision;

    public long CompactRevision { get; private set; }

    public long ReclaimedRevision { get; private set; }

    /// <summary>A revision as the key of a version.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static Revision ReadRevision(ReadOnlySpan<byte> key, out bool tombstone)
    {
        if (key.Length is < Mvcc.Revision.Length or > Mvcc.Revision.Length + 1)
        {
            throw new InvalidDataException("the snapshot is damaged: a key of its history is no revision");
        }

        return Mvcc.Revision.Read(key, out tombstone);
    }

    public void Run(BackupFile backup)
    {
        BoltFileReader file = backup.Database;
        try
        {
            file.ForEach(EtcdBuckets.MetaBucket, ReadMeta);
            file.ForEach(EtcdBuckets.Leases, ReadLease);
            file.ForEach(EtcdBuckets.Keys, ReadVersion);
            file.ForEach(EtcdBuckets.Alarm, ReadAlarm);
            ReadAuth(file);
        }
        catch (InvalidProtocolBufferException exception)
        {
            throw new InvalidDataException($"the snapshot is damaged: {exception.Message}", exception);
        }

        engine.Commit();
        Revision = Math.Max(Revision, CompactRevision);
        DeriveCurrent();
        engine.Commit();
    }

    private void ReadMeta(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (key.SequenceEqual(EtcdBuckets.FinishedCompaction))
        {
            ReclaimedRevision = ReadRevision(value, out _).Main;
            CompactRevision = Math.Max(CompactRevision, ReclaimedRevision);
        }
        else if (key.SequenceEqual(EtcdBuckets.ScheduledCompaction))
        {
            CompactRevision = Math.Max(CompactRevision, ReadRevision(value, out _).Main);
        }
    }

    private void ReadLease(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        LeaseRecord lease = EtcdLease.Decode(value);
        _leases.Add(lease.Id);
        Put(KeyLayout.LeaseKey(lease.Id), LeaseKeys.Encode(lease));
    }

    private void ReadVersion(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Revision revision = ReadRevision(key, out bool tombstone);
        KeyValue kv = KeyValue.Parser.ParseFrom(value);
        Span<byte> history = stackalloc byte[KeyLayout.MaxHistoryLength];
        Put(KeyLayout.WriteHistory(history, revision, tombstone), value);
        Span<byte> indexValue = stackalloc byte[KeyLayout.IndexValueLength];
        Put(KeyLayout.WriteIndex(new byte[KeyLayout.MaxIndexLength(kv.Key.Length)], kv.Key.Span, revision), KeyLayout.WriteIndexValue(indexValue, tombstone, value.Length));
        Revision = Math.Max(Revision, revision.Main);
    }

    private void ReadAlarm(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        AlarmMember alarm = AlarmMember.Parser.ParseFrom(key);
        Put(KeyValueStore.AlarmKey(alarm.Alarm, alarm.MemberID), default);
    }

    private void ReadAuth(BoltFileReader file)
    {
        byte[]? enabled = null;
        ulong revision = 0;
        file.ForEach(EtcdBuckets.Auth, (key, value) =>
        {
            if (key.SequenceEqual(EtcdBuckets.AuthEnabled))
            {
                enabled = value.ToArray();
            }
            else if (key.SequenceEqual(EtcdBuckets.AuthRevision) && value.Length == 8)
            {
                revision = BinaryPrimitives.ReadUInt64BigEndian(value);
            }
        });
        if (revision != 0)
        {
            byte[] state = new byte[AuthKeys.StateLength];
            state[0] = enabled is [1] ? (byte)1 : (byte)0;
            BinaryPrimitives.WriteUInt64LittleEndian(state.AsSpan(1), revision);
            Put(AuthKeys.State, state);
        }

        file.ForEach(EtcdBuckets.AuthRoles, (key, value) => Put([KeyLayout.Auth, AuthKeys.RoleKind, .. key], value));
        file.ForEach(EtcdBuckets.AuthUsers, (key, value) => Put([KeyLayout.Auth, AuthKeys.UserKind, .. key], value));
    }

    /// <summary>The keys as they are now, with their leases: of each key's versions the last, when it is no tombstone.</summary>
    private void DeriveCurrent()
    {
        using IEngineView view = engine.OpenView();
        using IEngineIterator iterator = view.OpenIterator();
        byte[]? last = null;
        bool dead = false;
        for (iterator.Seek([KeyLayout.Index]); iterator.IsValid && iterator.Key[0] == KeyLayout.Index; iterator.Next())
        {
            if (last is not null && !KeyLayout.IsSameUserKey(last, iterator.Key))
            {
                PutCurrent(view, last, dead);
            }

            last = iterator.Key.ToArray();
            dead = iterator.Value[0] != 0;
        }

        if (last is not null)
        {
            PutCurrent(view, last, dead);
        }
    }

    private void PutCurrent(IEngineView view, byte[] index, bool dead)
    {
        if (dead)
        {
            return;
        }

        byte[] history = KeyLayout.WriteHistory(new byte[KeyLayout.MaxHistoryLength], KeyLayout.ReadIndexRevision(index), tombstone: false).ToArray();
        byte[] value = view.Get(history) ?? throw new InvalidDataException("the snapshot is damaged: a version is missing");
        KeyValue kv = KeyValue.Parser.ParseFrom(value);
        Put(KeyLayout.WriteCurrent(new byte[KeyLayout.CurrentLength(kv.Key.Length)], kv.Key.Span), value);
        if (_leases.Contains(kv.Lease))
        {
            Put(KeyLayout.AttachmentKey(kv.Lease, kv.Key.Span), default);
        }
    }

    private void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        engine.Batch.Put(key, value);
        if (++_pairs % PairsPerCommit == 0)
        {
            engine.Commit();
        }
    }
}
