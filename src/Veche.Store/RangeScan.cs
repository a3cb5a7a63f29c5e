using Google.Protobuf;
using Veche.Api;
using Veche.Store.Engine;
using Veche.Store.Mvcc;

namespace Veche.Store;

/// <summary>
/// A range that is read piece by piece. All pieces are of the one state it was opened on, whatever is applied or compacted meanwhile, and only one piece
/// is in memory at a time. Merged, they are what <see cref="KeyValueStore.Range"/> would have answered. Not for several threads at once.
/// </summary>
public sealed class RangeScan : IDisposable
{
    private readonly RangeRequest _request;
    private readonly CommittedKeyValues _source;
    private readonly IEngineView _view;
    private readonly bool _isCurrent;
    private ByteString _from;
    private long _taken;

    internal RangeScan(RangeRequest request, CommittedKeyValues source, IEngineView view)
    {
        _request = request;
        _source = source;
        _view = view;
        _from = request.Key;
        _isCurrent = request.Revision <= 0 || request.Revision == source.Revision;
    }

    /// <summary>True when the last piece has been read.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Reads the next piece. The last one has a header, of which only the revision is set, and says how many keys there are and whether there are more than the limit.</summary>
    /// <param name="maxBytes">About so many bytes of keys and values, but at least one key.</param>
    /// <exception cref="InvalidOperationException">The last piece has been read.</exception>
    public RangeResponse Next(int maxBytes)
    {
        if (IsComplete)
        {
            throw new InvalidOperationException("The last piece has been read.");
        }

        if (_request.CountOnly || _request.RangeEnd.IsEmpty)
        {
            IsComplete = true;
            return RangeQuery.Run(_request, _source);
        }

        var piece = new RangeResponse();
        long bytes = 0;
        bool isFull = false;
        bool isLimited = false;

        // A walk of its own for each piece: one that waits for a slow client would keep the engine from letting go of what it has written.
        Visit(kv =>
        {
            if (bytes >= maxBytes)
            {
                isFull = true;
                _from = kv.Key;
                return false;
            }

            if (_request.Limit > 0 && _taken == _request.Limit)
            {
                isLimited = true;
                _from = kv.Key;
                return false;
            }

            _taken++;
            KeyValue given = _request.KeysOnly ? RangeQuery.WithoutValue(kv) : kv;
            bytes += given.Key.Length + given.Value.Length;
            piece.Kvs.Add(given);
            return true;
        });
        if (!isFull)
        {
            IsComplete = true;
            piece.Header = new ResponseHeader { Revision = _source.Revision };
            piece.More = isLimited;
            piece.Count = _taken + (isLimited ? CountFromHere() : 0);
        }

        return piece;
    }

    /// <inheritdoc/>
    public void Dispose() => _view.Dispose();

    private void Visit(Func<KeyValue, bool> visit)
    {
        var rest = new KeyRange(_from, _request.RangeEnd);
        if (_isCurrent)
        {
            _source.ForEachCurrent(rest, visit);
        }
        else
        {
            _source.ForEachAt(rest, _request.Revision, visit);
        }
    }

    private long CountFromHere() =>
        RangeQuery.Run(new RangeRequest { Key = _from, RangeEnd = _request.RangeEnd, Revision = _request.Revision, CountOnly = true }, _source).Count;
}
