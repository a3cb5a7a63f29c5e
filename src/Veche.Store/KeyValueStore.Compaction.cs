using Google.Protobuf;
using Veche.Api;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Store;

/// <summary>Taking back the room of compacted history, in slices on the thread that applies, and the hash of what is left.</summary>
public sealed partial class KeyValueStore
{
    private byte[] _reclaimFrom = [KeyLayout.Index];

    /// <summary>True when compacted history still takes room.</summary>
    public bool NeedsReclaim
    {
        get
        {
            lock (_stateLock)
            {
                return _meta.ReclaimedRevision < _meta.CompactRevision;
            }
        }
    }

    /// <summary>
    /// Removes some of what compaction allows to be removed; true when more is left. Called after each batch; may also be called between applies, on their thread.
    /// Nothing that can be read depends on how far it has come.
    /// </summary>
    /// <param name="maxVersions">How many versions to look at.</param>
    public bool ReclaimSlice(int maxVersions)
    {
        long through = _meta.CompactRevision;
        if (_meta.ReclaimedRevision >= through)
        {
            return false;
        }

        using IEngineView view = _engine.OpenView();
        using IEngineIterator iterator = view.OpenIterator();
        byte[]? candidate = null;
        bool candidateIsDead = false;
        int looked = 0;
        Span<byte> room = stackalloc byte[KeyLayout.MaxHistoryLength];
        for (iterator.Seek(_reclaimFrom); iterator.IsValid && iterator.Key[0] == KeyLayout.Index; iterator.Next())
        {
            byte[] key = iterator.Key.ToArray();
            if (candidate is not null && !SameUserKey(candidate, key))
            {
                DropIfDead(candidate, candidateIsDead, through, room);
                candidate = null;
                if (looked >= maxVersions)
                {
                    _reclaimFrom = key;
                    CommitReclaim(_meta.ReclaimedRevision);
                    return true;
                }
            }

            looked++;
            if (KeyLayout.ReadIndexRevision(key).Main <= through)
            {
                if (candidate is not null)
                {
                    // A newer version that is also old enough takes its place.
                    Drop(candidate, candidateIsDead, room);
                }

                candidate = key;
                candidateIsDead = iterator.Value[0] != 0;
            }
        }

        if (candidate is not null)
        {
            DropIfDead(candidate, candidateIsDead, through, room);
        }

        _reclaimFrom = [KeyLayout.Index];
        CommitReclaim(through);
        return false;
    }

    /// <summary>
    /// etcd's hash of the keys and their history up to a revision: CRC-32C over the name of its bucket and each version's encoded revision and key-value.
    /// Versions that compaction allows to be removed do not count, removed or not.
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

        if (through < compacted)
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
                crc = Crc32C.Add(crc, bytes.Span);
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
    private static bool IsNewest(IEngineView view, ReadOnlyMemory<byte> bytes, Revision at, long revision)
    {
        ByteString key = KeyValue.Parser.ParseFrom(bytes.Span).Key;
        byte[] room = new byte[KeyLayout.MaxIndexLength(key.Length)];
        ReadOnlySpan<byte> newest = KeyLayout.WriteIndex(room, key.Span, new Revision(revision, long.MaxValue));
        using IEngineIterator iterator = view.OpenIterator();
        iterator.SeekForPrevious(newest);
        return iterator.IsValid && SameUserKey(iterator.Key, newest) && KeyLayout.ReadIndexRevision(iterator.Key) == at;
    }

    private static bool SameUserKey(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        left.Length == right.Length && left[..^KeyLayout.RevisionSuffixLength].SequenceEqual(right[..^KeyLayout.RevisionSuffixLength]);

    private void DropIfDead(byte[] indexKey, bool dead, long compactRevision, Span<byte> room)
    {
        // A deletion at the very revision stays: whoever watches from there must hear of it.
        if (dead && KeyLayout.ReadIndexRevision(indexKey).Main < compactRevision)
        {
            Drop(indexKey, dead, room);
        }
    }

    private void Drop(byte[] indexKey, bool dead, Span<byte> room)
    {
        _engine.Batch.Delete(indexKey);
        _engine.Batch.Delete(KeyLayout.WriteHistory(room, KeyLayout.ReadIndexRevision(indexKey), dead));
    }

    private void CommitReclaim(long reclaimed)
    {
        lock (_stateLock)
        {
            Meta meta = _meta with { ReclaimedRevision = reclaimed };
            meta.Encode(_metaBytes);
            _engine.Batch.Put([KeyLayout.Meta], _metaBytes);
            _engine.Commit();
            _meta = meta;
        }
    }
}
