using Google.Protobuf;

namespace Veche.Store.Mvcc;

/// <summary>
/// How many keys there are behind the last key of a page, at the revision of the page: whoever reads a long range page by page would otherwise have all that is left
/// counted again for every page. Bounded; what is forgotten is counted again. Safe to use from several threads.
/// </summary>
internal sealed class PageCounts
{
    /// <summary>Pages that are remembered; etcd's client libraries read one after the other, so one for each reader would do.</summary>
    private const int MaxPages = 1024;

    /// <summary>Pages with longer keys are not remembered.</summary>
    private const int MaxKeyBytes = 1024;

    private readonly System.Threading.Lock _lock = new();
    private readonly Dictionary<(ByteString From, ByteString RangeEnd, long Revision), long> _counts = [];
    private readonly Queue<(ByteString From, ByteString RangeEnd, long Revision)> _order = new();

    /// <summary>Number of keys from one on, as of a revision, when it is known.</summary>
    public long? Find(ByteString from, ByteString rangeEnd, long revision)
    {
        lock (_lock)
        {
            return _counts.TryGetValue((from, rangeEnd, revision), out long count) ? count : null;
        }
    }

    /// <summary>Remembers how many keys come after one.</summary>
    public void Remember(ByteString last, ByteString rangeEnd, long revision, long count)
    {
        if (last.Length + rangeEnd.Length > MaxKeyBytes)
        {
            return;
        }

        // The next page is asked for from the smallest key after the last.
        (ByteString, ByteString, long) page = (ByteString.CopyFrom([.. last.Span, 0]), rangeEnd, revision);
        lock (_lock)
        {
            if (!_counts.TryAdd(page, count))
            {
                return;
            }

            _order.Enqueue(page);
            if (_order.Count > MaxPages)
            {
                _counts.Remove(_order.Dequeue());
            }
        }
    }
}
