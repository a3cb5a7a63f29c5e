using Google.Protobuf;
using Veche.Api;
using Veche.Store.Mvcc;

namespace Veche.Store;

/// <summary>What can be said of a request without looking at the state. Checked before it is proposed, so that nothing senseless gets into the log.</summary>
public static class RequestValidator
{
    /// <summary>Checks a range; null when it is fine.</summary>
    public static StoreError? Check(RangeRequest request) =>
        request.Key.IsEmpty ? StoreErrors.EmptyKey
        : !Enum.IsDefined(request.SortOrder) || !Enum.IsDefined(request.SortTarget) ? StoreErrors.InvalidSortOption
        : null;

    /// <summary>Checks a range that is to be read piece by piece; null when it is fine. etcd: no order means that of keys, whatever the target.</summary>
    public static StoreError? CheckScan(RangeRequest request) =>
        Check(request) is { } senseless ? senseless
        : request.SortOrder != RangeRequest.Types.SortOrder.None && (request.SortTarget, request.SortOrder) != (RangeRequest.Types.SortTarget.Key, RangeRequest.Types.SortOrder.Ascend) ? StoreErrors.SortedScan
        : request.MinModRevision != 0 || request.MaxModRevision != 0 || request.MinCreateRevision != 0 || request.MaxCreateRevision != 0 ? StoreErrors.FilteredScan
        : null;

    /// <summary>Checks a put; null when it is fine.</summary>
    public static StoreError? Check(PutRequest request, RequestLimits limits) =>
        request.Key.IsEmpty ? StoreErrors.EmptyKey
        : request.IgnoreValue && !request.Value.IsEmpty ? StoreErrors.ValueProvided
        : request.IgnoreLease && request.Lease != 0 ? StoreErrors.LeaseProvided
        : TooLarge(request, limits);

    /// <summary>Checks a deletion; null when it is fine.</summary>
    public static StoreError? Check(DeleteRangeRequest request, RequestLimits limits) =>
        request.Key.IsEmpty ? StoreErrors.EmptyKey : TooLarge(request, limits);

    /// <summary>Checks a transaction with all that is nested in it; null when it is fine.</summary>
    public static StoreError? Check(TxnRequest request, RequestLimits limits) =>
        TooLarge(request, limits) ?? CheckLists(request, limits, depth: 0) ?? CheckDuplicates(request.Success) ?? CheckDuplicates(request.Failure);

    /// <summary>Checks a lease to be granted; null when it is fine.</summary>
    public static StoreError? Check(LeaseGrantRequest request) =>
        request.TTL > RequestLimits.MaxLeaseTtlSeconds ? StoreErrors.LeaseTtlTooLarge : null;

    /// <summary>True when a transaction changes nothing, so that it needs no place in the log.</summary>
    public static bool IsReadOnly(TxnRequest request) => request.Success.All(IsRead) && request.Failure.All(IsRead);

    /// <summary>True when every range of a transaction may be answered from this member's state as it is.</summary>
    public static bool IsSerializable(TxnRequest request) => request.Success.All(IsSerializableRead) && request.Failure.All(IsSerializableRead);

    private static bool IsRead(RequestOp operation) => operation.RequestCase switch
    {
        RequestOp.RequestOneofCase.RequestRange => true,
        RequestOp.RequestOneofCase.RequestTxn => IsReadOnly(operation.RequestTxn),
        _ => false,
    };

    private static bool IsSerializableRead(RequestOp operation) => operation.RequestCase switch
    {
        RequestOp.RequestOneofCase.RequestRange => operation.RequestRange.Serializable,
        RequestOp.RequestOneofCase.RequestTxn => IsSerializable(operation.RequestTxn),
        _ => false,
    };

    private static StoreError? TooLarge(IMessage request, RequestLimits limits) =>
        request.CalculateSize() > limits.MaxRequestBytes ? StoreErrors.RequestTooLarge : null;

    private static StoreError? CheckLists(TxnRequest request, RequestLimits limits, int depth)
    {
        int most = limits.MaxTransactionOperations;
        if (request.Compare.Count > most || request.Success.Count > most || request.Failure.Count > most || depth > most)
        {
            return StoreErrors.TooManyOperations;
        }

        foreach (Compare compare in request.Compare)
        {
            if (compare.Key.IsEmpty)
            {
                return StoreErrors.EmptyKey;
            }
        }

        foreach (RequestOp operation in request.Success.Concat(request.Failure))
        {
            StoreError? error = operation.RequestCase switch
            {
                RequestOp.RequestOneofCase.RequestRange => Check(operation.RequestRange),
                RequestOp.RequestOneofCase.RequestPut => Check(operation.RequestPut, limits),
                RequestOp.RequestOneofCase.RequestDeleteRange => Check(operation.RequestDeleteRange, limits),
                RequestOp.RequestOneofCase.RequestTxn => CheckLists(operation.RequestTxn, limits, depth + 1),
                _ => StoreErrors.EmptyKey,
            };
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    /// <summary>Within one branch no key may be put twice, nor put and deleted; the branches of a nested transaction may overlap each other, but not what stands beside it.</summary>
    private static StoreError? CheckDuplicates(IEnumerable<RequestOp> operations)
    {
        var touched = new Touched();
        return touched.Add(operations) ? null : StoreErrors.DuplicateKey;
    }

    private sealed class Touched
    {
        private readonly HashSet<ByteString> _puts = [];
        private readonly List<KeyRange> _deletes = [];

        public bool Add(IEnumerable<RequestOp> operations)
        {
            List<RequestOp> all = [.. operations];
            foreach (RequestOp operation in all)
            {
                if (operation.RequestCase == RequestOp.RequestOneofCase.RequestDeleteRange)
                {
                    var range = new KeyRange(operation.RequestDeleteRange.Key, operation.RequestDeleteRange.RangeEnd);
                    if (_puts.Any(put => range.Contains(put.Span)))
                    {
                        return false;
                    }

                    _deletes.Add(range);
                }
            }

            foreach (RequestOp operation in all)
            {
                if (operation.RequestCase == RequestOp.RequestOneofCase.RequestTxn)
                {
                    Touched success = Copy();
                    Touched failure = Copy();
                    if (!success.Add(operation.RequestTxn.Success) || !failure.Add(operation.RequestTxn.Failure))
                    {
                        return false;
                    }

                    Merge(success);
                    Merge(failure);
                }
            }

            foreach (RequestOp operation in all)
            {
                if (operation.RequestCase == RequestOp.RequestOneofCase.RequestPut)
                {
                    ByteString key = operation.RequestPut.Key;
                    if (!_puts.Add(key) || _deletes.Any(range => range.Contains(key.Span)))
                    {
                        return false;
                    }
                }
            }

            return true;
        }

        private Touched Copy()
        {
            var copy = new Touched();
            copy._puts.UnionWith(_puts);
            copy._deletes.AddRange(_deletes);
            return copy;
        }

        private void Merge(Touched other)
        {
            _puts.UnionWith(other._puts);
            _deletes.AddRange(other._deletes);
        }
    }
}
