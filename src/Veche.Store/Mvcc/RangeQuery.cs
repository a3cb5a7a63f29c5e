using Google.Protobuf;
using Veche.Api;

namespace Veche.Store.Mvcc;

/// <summary>A range request against key-values of one moment.</summary>
internal static class RangeQuery
{
    public static StoreError? Check(RangeRequest request, IKeyValues source) =>
        request.Revision > source.Revision ? StoreErrors.FutureRevision
        : request.Revision > 0 && request.Revision < source.CompactRevision ? StoreErrors.Compacted
        : null;

    /// <summary>Runs a request that was checked. The header has only the revision.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="source">What of.</param>
    /// <param name="pages">What is known of pages of committed states. Default nothing.</param>
    public static RangeResponse Run(RangeRequest request, IKeyValues source, PageCounts? pages = null) => RunWithin(long.MaxValue, request, source, pages)!;

    /// <summary>The same; null when there would be more than so many bytes of keys and values, and the answer would be in the order of keys (<see cref="RangeMessage"/>).</summary>
    public static RangeResponse? RunWithin(long maxBytes, RangeRequest request, IKeyValues source, PageCounts? pages)
    {
        var response = new RangeResponse { Header = new ResponseHeader { Revision = source.Revision } };
        var range = new KeyRange(request.Key, request.RangeEnd);
        bool isCurrent = request.Revision <= 0 || request.Revision == source.Revision;
        if (range.IsSingle && isCurrent)
        {
            RunSingle(request, response, source.Current(request.Key));
        }
        else if (request.CountOnly)
        {
            response.Count = isCurrent ? source.CountCurrent(range) : source.CountAt(range, request.Revision);
        }
        else if (IsFiltered(request) || SortOf(request) != RangeRequest.Types.SortOrder.None)
        {
            RunSorted(request, response, source, range, isCurrent);
        }
        else
        {
            return RunInOrder(maxBytes, request, response, source, range, isCurrent, pages) ? response : null;
        }

        return response;
    }

    private static void RunSingle(RangeRequest request, RangeResponse response, KeyValue? found)
    {
        if (found is null)
        {
            return;
        }

        response.Count = 1;
        if (!request.CountOnly && Passes(request, found))
        {
            response.Kvs.Add(request.KeysOnly ? WithoutValue(found) : found);
        }
    }

    private static bool RunInOrder(long maxBytes, RangeRequest request, RangeResponse response, IKeyValues source, KeyRange range, bool isCurrent, PageCounts? pages)
    {
        long limit = request.Limit > 0 ? request.Limit : long.MaxValue;
        ByteString? next = null;
        long bytes = 0;

        bool Take(KeyValue found)
        {
            if (response.Kvs.Count == limit)
            {
                next = found.Key;
                return false;
            }

            bytes += found.Key.Length + (request.KeysOnly ? 0 : found.Value.Length);
            if (bytes > maxBytes)
            {
                return false;
            }

            response.Kvs.Add(request.KeysOnly ? WithoutValue(found) : found);
            return true;
        }

        if (isCurrent)
        {
            source.ForEachCurrent(range, Take);
        }
        else
        {
            source.ForEachAt(range, request.Revision, Take);
        }

        response.More = next is not null;
        response.Count = next is null ? response.Kvs.Count : CountWithRest(request, source, next, response.Kvs[^1].Key, response.Kvs.Count, pages);
        return bytes <= maxBytes;
    }

    /// <summary>How many keys there are when some were taken and the next lies behind the limit. What lies there is only counted, which needs no values.</summary>
    public static long CountWithRest(RangeRequest request, IKeyValues source, ByteString next, ByteString last, long taken, PageCounts? pages)
    {
        bool isCurrent = request.Revision <= 0 || request.Revision == source.Revision;
        long revision = isCurrent ? source.Revision : request.Revision;
        var rest = new KeyRange(next, request.RangeEnd);
        long count = pages?.Find(request.Key, request.RangeEnd, revision) ?? taken + (isCurrent ? source.CountCurrent(rest) : source.CountAt(rest, revision));
        pages?.Remember(last, request.RangeEnd, revision, count - taken);
        return count;
    }

    private static void RunSorted(RangeRequest request, RangeResponse response, IKeyValues source, KeyRange range, bool isCurrent)
    {
        List<KeyValue> kept = [];
        long count = 0;

        bool Take(KeyValue found)
        {
            count++;
            if (Passes(request, found))
            {
                kept.Add(found);
            }

            return true;
        }

        if (isCurrent)
        {
            source.ForEachCurrent(range, Take);
        }
        else
        {
            source.ForEachAt(range, request.Revision, Take);
        }

        IEnumerable<KeyValue> sorted = Sort(request, kept);
        response.Count = count;
        response.More = request.Limit > 0 && kept.Count > request.Limit;
        foreach (KeyValue found in request.Limit > 0 ? sorted.Take((int)Math.Min(request.Limit, int.MaxValue)) : sorted)
        {
            response.Kvs.Add(request.KeysOnly ? WithoutValue(found) : found);
        }
    }

    private static IEnumerable<KeyValue> Sort(RangeRequest request, List<KeyValue> found)
    {
        RangeRequest.Types.SortOrder order = SortOf(request);
        if (order == RangeRequest.Types.SortOrder.None)
        {
            return found;
        }

        bool descending = order == RangeRequest.Types.SortOrder.Descend;
        return request.SortTarget switch
        {
            RangeRequest.Types.SortTarget.Version => By(found, static kv => kv.Version, descending),
            RangeRequest.Types.SortTarget.Create => By(found, static kv => kv.CreateRevision, descending),
            RangeRequest.Types.SortTarget.Mod => By(found, static kv => kv.ModRevision, descending),
            RangeRequest.Types.SortTarget.Value => ByBytes(found, static kv => kv.Value, descending),
            _ => descending ? Enumerable.Reverse(found) : found,
        };
    }

    private static IEnumerable<KeyValue> By(List<KeyValue> found, Func<KeyValue, long> of, bool descending) =>
        descending ? found.OrderByDescending(of) : found.OrderBy(of);

    private static IEnumerable<KeyValue> ByBytes(List<KeyValue> found, Func<KeyValue, ByteString> of, bool descending)
    {
        Comparer<ByteString> order = Comparer<ByteString>.Create(static (left, right) => left.Span.SequenceCompareTo(right.Span));
        return descending ? found.OrderByDescending(of, order) : found.OrderBy(of, order);
    }

    // etcd: a target other than the key sorts ascending even when no order is asked for.
    private static RangeRequest.Types.SortOrder SortOf(RangeRequest request) =>
        request.SortOrder == RangeRequest.Types.SortOrder.None && request.SortTarget != RangeRequest.Types.SortTarget.Key
            ? RangeRequest.Types.SortOrder.Ascend
            : request.SortOrder;

    private static bool IsFiltered(RangeRequest request) =>
        request.MinModRevision != 0 || request.MaxModRevision != 0 || request.MinCreateRevision != 0 || request.MaxCreateRevision != 0;

    private static bool Passes(RangeRequest request, KeyValue found) =>
        (request.MinModRevision == 0 || found.ModRevision >= request.MinModRevision)
        && (request.MaxModRevision == 0 || found.ModRevision <= request.MaxModRevision)
        && (request.MinCreateRevision == 0 || found.CreateRevision >= request.MinCreateRevision)
        && (request.MaxCreateRevision == 0 || found.CreateRevision <= request.MaxCreateRevision);

    public static KeyValue WithoutValue(KeyValue found) => new()
    {
        Key = found.Key,
        CreateRevision = found.CreateRevision,
        ModRevision = found.ModRevision,
        Version = found.Version,
        Lease = found.Lease,
    };
}
