using System.Buffers.Binary;
using Google.Protobuf;
using Veche.Api;
using Veche.Store.Engine;
using Veche.Store.Leases;
using LeaseCheckpoint = Veche.Api.Commands.LeaseCheckpoint;

namespace Veche.Store.Mvcc;

/// <summary>Leases.</summary>
internal sealed partial class MvccWriter
{
    public object Grant(LeaseGrantRequest request)
    {
        if (request.ID == 0 || request.TTL is < 1 or > RequestLimits.MaxLeaseTtlSeconds)
        {
            return StoreErrors.LeaseTtlTooLarge;
        }

        if (leases.Find(request.ID) is not null)
        {
            return StoreErrors.LeaseExists;
        }

        DataBytes += KeyLayout.LeaseLength;
        Keep(new LeaseRecord(request.ID, request.TTL, request.TTL), LeaseChange.Granted, term: 0);
        return new LeaseGrantResponse { Header = Header(), ID = request.ID, TTL = request.TTL };
    }

    public object Revoke(LeaseRevokeRequest request)
    {
        if (leases.Find(request.ID) is not { } lease)
        {
            return StoreErrors.LeaseNotFound;
        }

        foreach (ByteString key in KeysOf(lease.Id))
        {
            Delete(Current(key)!);
        }

        engine.Batch.Delete(KeyLayout.LeaseKey(lease.Id));
        DataBytes -= KeyLayout.LeaseLength;
        leases.Remove(lease.Id);
        _leaseChanges.Add((lease, LeaseChange.Revoked, 0));
        EndTransaction();
        return new LeaseRevokeResponse { Header = Header() };
    }

    /// <summary>The keys attached to a lease, in order, so that sub revisions, and with them the hash of the store, are the same everywhere.</summary>
    public List<ByteString> KeysOf(long lease)
    {
        SortedSet<ByteString> candidates = new(Comparer<ByteString>.Create(static (left, right) => left.Span.SequenceCompareTo(right.Span)));
        candidates.UnionWith(LeaseKeys.Read(View, lease));
        candidates.UnionWith(_changed.Keys);
        return [.. candidates.Where(key => Current(key)?.Lease == lease)];
    }

    /// <summary>A lease's time was up by the clock of the leader of a term. Passed on to a leader of another term, who counts anew, it would end the lease early.</summary>
    public object Expire(LeaseRevokeRequest request, long decidedInTerm, long term) => decidedInTerm == term ? Revoke(request) : StoreErrors.DecidedInAnotherTerm;

    /// <summary>What was left of leases by the clock of the leader of a term. Passed on to a leader of another term, who may have promised more since, it would take that back.</summary>
    public object Checkpoint(LeaseCheckpoint request, long term)
    {
        if ((long)request.Term != term)
        {
            return StoreErrors.DecidedInAnotherTerm;
        }

        foreach (LeaseCheckpoint.Types.Item item in request.Leases)
        {
            if (leases.Find(item.Id) is { } lease)
            {
                Keep(lease with { RemainingSeconds = Math.Clamp(item.RemainingSeconds, 0, lease.TtlSeconds) }, LeaseChange.Checkpointed, term);
            }
        }

        return request;
    }

    public void TellLeases(ILeaseObserver? observer, long appliedTerm)
    {
        if (observer is null)
        {
            return;
        }

        foreach ((LeaseRecord lease, LeaseChange change, long term) in _leaseChanges)
        {
            switch (change)
            {
                case LeaseChange.Granted:
                    observer.Granted(lease);
                    break;
                case LeaseChange.Checkpointed:
                    observer.Checkpointed(lease, term);
                    break;
                default:
                    observer.Revoked(lease.Id);
                    break;
            }
        }

        observer.AppliedThrough(appliedTerm);
    }

    private void Keep(LeaseRecord lease, LeaseChange change, long term)
    {
        engine.Batch.Put(KeyLayout.LeaseKey(lease.Id), LeaseKeys.Encode(lease));
        leases.Set(lease);
        _leaseChanges.Add((lease, change, term));
    }
}

/// <summary>What happened to a lease.</summary>
internal enum LeaseChange : byte
{
    Granted,
    Checkpointed,
    Revoked,
}

/// <summary>Leases in the engine.</summary>
internal static class LeaseKeys
{
    /// <summary>The keys attached to a lease, in order.</summary>
    public static List<ByteString> Read(IEngineView view, long leaseId)
    {
        List<ByteString> keys = [];
        byte[] prefix = KeyLayout.AttachmentPrefix(leaseId);
        using IEngineIterator iterator = view.OpenIterator();
        for (iterator.Seek(prefix); iterator.IsValid && iterator.Key.StartsWith(prefix); iterator.Next())
        {
            keys.Add(ByteString.CopyFrom(iterator.Key[prefix.Length..]));
        }

        return keys;
    }

    public static byte[] Encode(LeaseRecord lease)
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, lease.TtlSeconds);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), lease.RemainingSeconds);
        return bytes;
    }

    public static LeaseRecord Decode(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => new(
        BinaryPrimitives.ReadInt64BigEndian(key[1..]),
        BinaryPrimitives.ReadInt64LittleEndian(value),
        BinaryPrimitives.ReadInt64LittleEndian(value[8..]));
}
