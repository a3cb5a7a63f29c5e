using Google.Protobuf;
using Veche.Api;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Store;

/// <summary>Taking back the room of compacted history, in slices on the thread that applies, and the hash of what is left.</summary>
public sealed partial class KeyValueStore
{
    /// <summary>How many versions are looked at in one piece: what a write may have to wait for, about half a millisecond.</summary>
    private const int VersionsReclaimedAtOnce = 200;

    private byte[] _reclaimFrom = [KeyLayout.Index];
    private long _reclaimThrough;

    /// <summary>Told, on the thread that applies, up to which revision compacted history has been removed. Set before the store is used.</summary>
    public Action<long>? Reclaimed { get; set; }

    /// <summary>Compacted history has been removed up to this revision.</summary>
    public long ReclaimedRevision
    {
        get
        {
            lock (_stateLock)
            {
                return _meta.ReclaimedRevision;
            }
        }
    }

    /// <summary>True when compacted history still takes room.</summary>
    public bool NeedsTidying
    {
        get
        {
            lock (_stateLock)
            {
                return _meta.ReclaimedRevision < _meta.CompactRevision;
            }
        }
    }

    /// <inheritdoc/>
    public void Tidy() => ReclaimSlice(VersionsReclaimedAtOnce);

    /// <summary>
    /// Removes some of what compaction allows to be removed; true when more is left. Called between applies, on their thread.
    /// Nothing that can be read depends on how far it has come.
    /// </summary>
    /// <param name="maxVersions">How many versions to look at.</param>
    public bool ReclaimSlice(int maxVersions)
    {
        if (_meta.ReclaimedRevision >= _meta.CompactRevision)
        {
            return false;
        }

        if (_reclaimFrom.Length == 1)
        {
            // One pass, one revision: a compaction on the way gets a pass of its own.
            _reclaimThrough = _meta.CompactRevision;
        }

        long through = _reclaimThrough;

        using IEngineView view = _engine.OpenWriterView();
        using IEngineIterator iterator = view.OpenIterator();
        Version? candidate = null;
        long freed = 0;
        int looked = 0;
        Span<byte> room = stackalloc byte[KeyLayout.MaxHistoryLength];
        for (iterator.Seek(_reclaimFrom); iterator.IsValid && iterator.Key[0] == KeyLayout.Index; iterator.Next())
        {
            byte[] key = iterator.Key.ToArray();
            if (candidate is { } previous && !KeyLayout.IsSameUserKey(previous.IndexKey, key))
            {
                freed += DropIfDead(previous, through, view, room);
                candidate = null;
                if (looked >= maxVersions)
                {
                    _reclaimFrom = key;
                    CommitReclaim(_meta.ReclaimedRevision, freed);
                    return true;
                }
            }

            looked++;
            if (KeyLayout.ReadIndexRevision(key).Main <= through)
            {
                if (candidate is { } older)
                {
                    // A newer version that is also old enough takes its place.
                    freed += Drop(older, view, room);
                }

                candidate = new Version(key, iterator.Value[0] != 0, KeyLayout.ReadIndexedLength(iterator.Value), iterator.Value.Length);
            }
        }

        if (candidate is { } last)
        {
            freed += DropIfDead(last, through, view, room);
        }

        _reclaimFrom = [KeyLayout.Index];
        CommitReclaim(through, freed);
        return through < _meta.CompactRevision;
    }

    /// <summary>
    /// etcd's hash of the keys and their history up to a revision: CRC-32C over the name of its bucket and each version's encoded revision and key-value.
    /// Versions that compaction allows to be removed do not count, removed or not. As etcd 3.4 does it; later versions also hash at the compacted revision itself,
    /// and keep a tombstone that is exactly there.
    /// </summary>
    /// <param name="revision">Up to here; 0 for the current revision.</param>
    /// <param name="current">The revision it was computed at.</param>
    /// <param name="compacted">The compact revision it was computed at.</param>
    /// <exception cref="StoreException">The revision is compacted or in the future.</exception>
    public uint HashHistory(long revision, out long current, out long compacted)
    {
        using OpenState state = OpenReading();
        current = state.Revision;
        compacted = state.CompactRevision;
        long through = revision == 0 ? current : revision;
        if (through > current)
        {
            throw new StoreException(StoreErrors.FutureRevision);
        }

        if (revision > 0 && through <= compacted)
        {
            throw new StoreException(StoreErrors.Compacted);
        }

        uint crc = Crc32C.Add(Crc32C.Begin, "key"u8);
        byte[] room = new byte[Revision.Length + 1];
        long compactRevision = compacted;
        IEngineView view = state.View;

        // etcd: of what is compacted, only what would be kept by a compaction at the hashed revision counts; but when nothing lives there, everything
        // that the last compaction has left does.
        long keptAt = HasAnyKey(view, through) ? through : compactRevision;
        MvccReader.ForEachChange(view, 0, through, (at, tombstone, bytes) =>
        {
            if (at.Main > compactRevision || (!tombstone && IsNewest(view, bytes, at, keptAt)))
            {
                int length = at.Write(room, tombstone);
                crc = Crc32C.Add(crc, room.AsSpan(0, length));
                crc = Crc32C.Add(crc, bytes);
            }

            return true;
        });
        return Crc32C.Finish(crc);
    }

    private static bool HasAnyKey(IEngineView view, long revision)
    {
        bool any = false;
        MvccReader.ForEachAt(view, new KeyRange(ByteString.CopyFrom(0), ByteString.CopyFrom(0)), revision, _ =>
        {
            any = true;
            return false;
        });
        return any;
    }

    /// <summary>True when a version is its key's newest at a revision.</summary>
    private static bool IsNewest(IEngineView view, ReadOnlySpan<byte> bytes, Revision at, long revision)
    {
        ByteString key = KeyValue.Parser.ParseFrom(bytes).Key;
        byte[] room = new byte[KeyLayout.MaxIndexLength(key.Length)];
        ReadOnlySpan<byte> newest = KeyLayout.WriteIndex(room, key.Span, new Revision(revision, long.MaxValue));
        using IEngineIterator iterator = view.OpenIterator();
        iterator.SeekForPrevious(newest);
        return iterator.IsValid && KeyLayout.IsSameUserKey(iterator.Key, newest) && KeyLayout.ReadIndexRevision(iterator.Key) == at;
    }

    /// <summary>A version as the index has it.</summary>
    private readonly record struct Version(byte[] IndexKey, bool Dead, int? Length, int IndexValueLength);

    private long DropIfDead(in Version version, long compactRevision, IEngineView view, Span<byte> room)
    {
        // A deletion at the very revision stays: whoever watches from there must hear of it.
        return version.Dead && KeyLayout.ReadIndexRevision(version.IndexKey).Main < compactRevision ? Drop(version, view, room) : 0;
    }

    /// <summary>Removes a version; returns the bytes that were freed.</summary>
    private long Drop(in Version version, IEngineView view, Span<byte> room)
    {
        ReadOnlySpan<byte> historyKey = KeyLayout.WriteHistory(room, KeyLayout.ReadIndexRevision(version.IndexKey), version.Dead);
        int length = version.Length ?? view.Get(historyKey)?.Length ?? 0;
        _engine.Batch.Delete(version.IndexKey);
        _engine.Batch.Delete(historyKey);
        return version.IndexKey.Length + version.IndexValueLength + historyKey.Length + length;
    }

    private void CommitReclaim(long reclaimed, long freedBytes)
    {
        lock (_stateLock)
        {
            Meta meta = _meta with { ReclaimedRevision = reclaimed, DataBytes = _meta.DataBytes - freedBytes };
            meta.Encode(_metaBytes);
            _engine.Batch.Put([KeyLayout.Meta], _metaBytes);
            _engine.Commit();
            _meta = meta;
            _state = _state with { DataBytes = meta.DataBytes };
        }

        Reclaimed?.Invoke(reclaimed);
    }

    /// <summary>A store that was written before its bytes and keys were counted is counted once.</summary>
    private static Meta Counted(in Meta meta, IEngineView view)
    {
        if (meta.DataBytes != Meta.Uncounted && meta.Keys != Meta.Uncounted)
        {
            return meta;
        }

        long bytes = 0;
        long keys = 0;
        using IEngineIterator iterator = view.OpenIterator();
        foreach (byte kind in (ReadOnlySpan<byte>)[KeyLayout.Current, KeyLayout.History, KeyLayout.Index, KeyLayout.Lease, KeyLayout.Attachment])
        {
            for (iterator.Seek([kind]); iterator.IsValid && iterator.Key[0] == kind; iterator.Next())
            {
                bytes += iterator.Key.Length + iterator.Value.Length;
                keys += kind == KeyLayout.Current ? 1 : 0;
            }
        }

        return meta with { DataBytes = bytes, Keys = keys };
    }
}
