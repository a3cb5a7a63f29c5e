using Google.Protobuf;
using Veche.Api;
using Veche.Store.Engine;

namespace Veche.Store.Mvcc;

/// <summary>The state in the middle of a batch: what is committed, and over it what the batch has changed.</summary>
internal sealed partial class MvccWriter
{
    private IEngineView View => _view ??= engine.OpenWriterView();

    public KeyValue? Current(ByteString key) =>
        _changed.TryGetValue(key, out KeyValue? found) || _hot.TryGet(key, out found) ? found : MvccReader.Current(View, key.Span);

    public void ForEachCurrent(KeyRange range, Func<KeyValue, bool> visit)
    {
        if (range.IsSingle)
        {
            if (Current(range.Key) is { } single)
            {
                visit(single);
            }

            return;
        }

        if (_changed.Count == 0)
        {
            MvccReader.ForEachCurrent(View, range, visit);
            return;
        }

        foreach (KeyValue kv in Merge(range))
        {
            if (!visit(kv))
            {
                return;
            }
        }
    }

    public long CountCurrent(KeyRange range)
    {
        if (_changed.Count == 0)
        {
            return MvccReader.CountCurrent(View, range);
        }

        return Merge(range).Count;
    }

    /// <summary>The past is all committed: a batch is cut before a transaction that asks for it.</summary>
    public void ForEachAt(KeyRange range, long revision, Func<KeyValue, bool> visit) =>
        new CommittedKeyValues(View, _mainRevision, CompactRevision).ForEachAt(range, revision, visit);

    public long CountAt(KeyRange range, long revision) =>
        new CommittedKeyValues(View, _mainRevision, CompactRevision).CountAt(range, revision);

    public bool HasLease(long id) => leases.Find(id) is not null;

    private List<KeyValue> Merge(KeyRange range)
    {
        List<KeyValue> merged = [];
        MvccReader.ForEachCurrent(View, range, kv =>
        {
            if (!_changed.ContainsKey(kv.Key))
            {
                merged.Add(kv);
            }

            return true;
        });
        foreach ((ByteString key, KeyValue? value) in _changed)
        {
            if (value is not null && range.Contains(key.Span))
            {
                merged.Add(value);
            }
        }

        merged.Sort(static (left, right) => left.Key.Span.SequenceCompareTo(right.Key.Span));
        return merged;
    }
}
