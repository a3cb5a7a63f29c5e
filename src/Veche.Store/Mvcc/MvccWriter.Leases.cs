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
        Keep(new LeaseRecord(request.ID, request.TTL, request.TTL));
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
        _leaseChanges.Add((lease, Revoked: true));
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

    public object Checkpoint(LeaseCheckpoint request)
    {
        foreach (LeaseCheckpoint.Types.Item item in request.Leases)
        {
            if (leases.Find(item.Id) is { } lease)
            {
                Keep(lease with { RemainingSeconds = Math.Clamp(item.RemainingSeconds, 0, lease.TtlSeconds) });
            }
        }

        return request;
    }

    public void TellLeases(ILeaseObserver? observer)
    {
        if (observer is null)
        {
            return;
        }

        foreach ((LeaseRecord lease, bool revoked) in _leaseChanges)
        {
            if (revoked)
            {
                observer.Revoked(lease.Id);
            }
            else
            {
                observer.Granted(lease);
            }
        }
    }

    private void Keep(LeaseRecord lease)
    {
        engine.Batch.Put(KeyLayout.LeaseKey(lease.Id), LeaseKeys.Encode(lease));
        leases.Set(lease);
        _leaseChanges.Add((lease, Revoked: false));
    }
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
