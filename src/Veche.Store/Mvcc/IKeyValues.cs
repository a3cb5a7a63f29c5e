using Google.Protobuf;
using Veche.Api;
using Veche.Store.Engine;

namespace Veche.Store.Mvcc;

/// <summary>Key-values at one moment: a committed state, or one in the middle of a batch. What it hands out is shared and must not be changed.</summary>
internal interface IKeyValues
{
    /// <summary>The revision of the moment; inside a transaction that has changed something, the one it will get.</summary>
    long Revision { get; }

    long CompactRevision { get; }

    KeyValue? Current(ByteString key);

    /// <summary>Calls for each key-value of a range now, in order of keys, until it answers false.</summary>
    void ForEachCurrent(KeyRange range, Func<KeyValue, bool> visit);

    long CountCurrent(KeyRange range);

    /// <summary>The same as of a revision that is neither compacted nor in the future.</summary>
    void ForEachAt(KeyRange range, long revision, Func<KeyValue, bool> visit);

    /// <summary>Number of keys as of a revision that is neither compacted nor in the future.</summary>
    long CountAt(KeyRange range, long revision);

    bool HasLease(long id);
}

/// <summary>A committed state.</summary>
internal sealed class CommittedKeyValues(IEngineView view, long revision, long compactRevision) : IKeyValues
{
    public long Revision => revision;

    public long CompactRevision => compactRevision;

    public KeyValue? Current(ByteString key) => MvccReader.Current(view, key.Span);

    public void ForEachCurrent(KeyRange range, Func<KeyValue, bool> visit) =>
        MvccReader.ForEachCurrent(view, range, visit);

    public long CountCurrent(KeyRange range) => MvccReader.CountCurrent(view, range);

    public void ForEachAt(KeyRange range, long at, Func<KeyValue, bool> visit)
    {
        if (!range.IsSingle)
        {
            MvccReader.ForEachAt(view, range, at, visit);
        }
        else if (MvccReader.At(view, range.Key.Span, at) is { } found)
        {
            visit(found);
        }
    }

    public long CountAt(KeyRange range, long at) =>
        range.IsSingle ? (MvccReader.At(view, range.Key.Span, at) is null ? 0 : 1) : MvccReader.CountAt(view, range, at);

    public bool HasLease(long id) => throw new NotSupportedException("A transaction that only reads attaches nothing to leases.");
}
