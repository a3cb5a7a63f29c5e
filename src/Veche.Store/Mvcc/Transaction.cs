using Google.Protobuf.Collections;
using Veche.Api;

namespace Veche.Store.Mvcc;

/// <summary>
/// A transaction whose branches have been chosen: all compares, nested ones too, are judged against the state before it, and everything that can be
/// refused is refused before the first change.
/// </summary>
internal sealed class Transaction
{
    private static readonly KeyValue Missing = new();
    private readonly bool _succeeded;
    private readonly RepeatedField<RequestOp> _operations;
    private readonly Dictionary<int, Transaction>? _nested;

    private Transaction(TxnRequest request, IKeyValues source)
    {
        _succeeded = AllHold(request.Compare, source);
        _operations = _succeeded ? request.Success : request.Failure;
        for (int i = 0; i < _operations.Count; i++)
        {
            if (_operations[i].RequestCase == RequestOp.RequestOneofCase.RequestTxn)
            {
                (_nested ??= []).Add(i, new Transaction(_operations[i].RequestTxn, source));
            }
        }
    }

    public static Transaction Choose(TxnRequest request, IKeyValues source) => new(request, source);

    /// <summary>Whether every operation of the chosen branches can be done; null when it can.</summary>
    public StoreError? Check(IKeyValues source) => CheckPuts(source) ?? CheckRanges(source);

    /// <summary>Puts come first, wherever they stand, as in etcd: of two refusals, clients are told the same one.</summary>
    private StoreError? CheckPuts(IKeyValues source) => CheckEach(source, RequestOp.RequestOneofCase.RequestPut, static (operation, from) => CheckPut(operation.RequestPut, from));

    private StoreError? CheckRanges(IKeyValues source) => CheckEach(source, RequestOp.RequestOneofCase.RequestRange, static (operation, from) => RangeQuery.Check(operation.RequestRange, from));

    private StoreError? CheckEach(IKeyValues source, RequestOp.RequestOneofCase kind, Func<RequestOp, IKeyValues, StoreError?> check)
    {
        for (int i = 0; i < _operations.Count; i++)
        {
            RequestOp operation = _operations[i];
            StoreError? error = operation.RequestCase == RequestOp.RequestOneofCase.RequestTxn ? _nested![i].CheckEach(source, kind, check)
                : operation.RequestCase == kind ? check(operation, source)
                : null;
            if (error is not null)
            {
                return error;
            }
        }

        return null;
    }

    public static StoreError? CheckPut(PutRequest request, IKeyValues source) =>
        (request.IgnoreValue || request.IgnoreLease) && source.Current(request.Key) is null ? StoreErrors.KeyNotFound
        : request.Lease != 0 && !source.HasLease(request.Lease) ? StoreErrors.LeaseNotFound
        : null;

    /// <summary>Runs the chosen branches. Changes go through <paramref name="writer"/>, which is null for a transaction that only reads.</summary>
    public TxnResponse Run(IKeyValues source, MvccWriter? writer)
    {
        var response = new TxnResponse { Header = new ResponseHeader(), Succeeded = _succeeded };
        for (int i = 0; i < _operations.Count; i++)
        {
            RequestOp operation = _operations[i];
            switch (operation.RequestCase)
            {
                case RequestOp.RequestOneofCase.RequestRange:
                    response.Responses.Add(new ResponseOp { ResponseRange = RangeQuery.Run(operation.RequestRange, source) });
                    break;
                case RequestOp.RequestOneofCase.RequestPut:
                    response.Responses.Add(new ResponseOp { ResponsePut = writer!.DoPut(operation.RequestPut) });
                    break;
                case RequestOp.RequestOneofCase.RequestDeleteRange:
                    response.Responses.Add(new ResponseOp { ResponseDeleteRange = writer!.DoDelete(operation.RequestDeleteRange) });
                    break;
                case RequestOp.RequestOneofCase.RequestTxn:
                    TxnResponse nested = _nested![i].Run(source, writer);
                    // etcd: only the outermost answer knows the revision.
                    nested.Header.Revision = 0;
                    response.Responses.Add(new ResponseOp { ResponseTxn = nested });
                    break;
            }
        }

        response.Header.Revision = source.Revision;
        return response;
    }

    private static bool AllHold(RepeatedField<Compare> compares, IKeyValues source)
    {
        for (int i = 0; i < compares.Count; i++)
        {
            if (!Holds(compares[i], source))
            {
                return false;
            }
        }

        return true;
    }

    private static bool Holds(Compare compare, IKeyValues source)
    {
        var range = new KeyRange(compare.Key, compare.RangeEnd);
        return range.IsSingle ? HoldsFor(compare, source.Current(compare.Key)) : HoldsForAll(compare, range, source);
    }

    private static bool HoldsForAll(Compare compare, KeyRange range, IKeyValues source)
    {
        bool any = false;
        bool all = true;
        source.ForEachCurrent(range, found =>
        {
            any = true;
            all = HoldsFor(compare, found);
            return all;
        });
        return any ? all : HoldsFor(compare, null);
    }

    private static bool HoldsFor(Compare compare, KeyValue? found)
    {
        if (found is null && compare.Target == Compare.Types.CompareTarget.Value)
        {
            // etcd: nothing can be said of the value of a key that does not exist.
            return false;
        }

        KeyValue actual = found ?? Missing;
        int order = compare.Target switch
        {
            Compare.Types.CompareTarget.Value => actual.Value.Span.SequenceCompareTo(compare.Value.Span),
            Compare.Types.CompareTarget.Create => actual.CreateRevision.CompareTo(compare.CreateRevision),
            Compare.Types.CompareTarget.Mod => actual.ModRevision.CompareTo(compare.ModRevision),
            Compare.Types.CompareTarget.Version => actual.Version.CompareTo(compare.Version),
            Compare.Types.CompareTarget.Lease => actual.Lease.CompareTo(compare.Lease),
            _ => 0,
        };
        return compare.Result switch
        {
            Compare.Types.CompareResult.Equal => order == 0,
            Compare.Types.CompareResult.NotEqual => order != 0,
            Compare.Types.CompareResult.Greater => order > 0,
            Compare.Types.CompareResult.Less => order < 0,
            _ => true,
        };
    }
}
