using Google.Protobuf;
using Google.Protobuf.Collections;
using Veche.Api;
using Veche.Simulation.Clients;

namespace Veche.Simulation.Verdicts;

/// <summary>What each request of the API does, and what it answers.</summary>
internal sealed partial class ReferenceModel
{
    public const string CompactedText = "etcdserver: mvcc: required revision has been compacted";
    public const string FutureText = "etcdserver: mvcc: required revision is a future revision";

    private const long Now = long.MaxValue;

    /// <summary>The answer to a range by the state of a revision.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="revision">The revision of whoever answers.</param>
    public RangeResponse Range(RangeRequest request, long revision) => Range(request, revision, revision);

    /// <summary>The answer to a transaction that only reads, by the state of a revision.</summary>
    public TxnResponse ReadTransaction(TxnRequest request, long revision)
    {
        TxnResponse response = Run(Choose(request, revision), revision, revision);
        response.Header.Revision = revision;
        return response;
    }

    /// <summary>Why a range is refused at a revision, or null; as far as compactions by now tell.</summary>
    public string? Refusal(RangeRequest request, long revision) =>
        request.Revision > revision ? FutureText
        : request.Revision > 0 && request.Revision < Compacted ? CompactedText
        : null;

    private Expected Transact(TxnRequest request)
    {
        Chosen chosen = Choose(request, Now);

        // Of two refusals clients are told the one of a put.
        if ((chosen.Puts().Select(Refusal).FirstOrDefault(static refusal => refusal is not null) ?? chosen.Ranges().Select(range => Refusal(range, Revision)).FirstOrDefault(static refusal => refusal is not null)) is { } why)
        {
            return Refuse(why);
        }

        TxnResponse response = Run(chosen, Now, 0);
        response.Header.Revision = HeaderRevision;
        return Done(chosen.Holds, response);
    }

    /// <summary>A transaction with the branch that was taken, by the state before all of it.</summary>
    private sealed record Chosen(bool Holds, RepeatedField<RequestOp> Operations, Dictionary<RequestOp, Chosen> Nested)
    {
        public IEnumerable<PutRequest> Puts() => Operations.SelectMany(operation => operation.RequestCase switch
        {
            RequestOp.RequestOneofCase.RequestPut => [operation.RequestPut],
            RequestOp.RequestOneofCase.RequestTxn => Nested[operation].Puts(),
            _ => [],
        });

        public IEnumerable<RangeRequest> Ranges() => Operations.SelectMany(operation => operation.RequestCase switch
        {
            RequestOp.RequestOneofCase.RequestRange => [operation.RequestRange],
            RequestOp.RequestOneofCase.RequestTxn => Nested[operation].Ranges(),
            _ => [],
        });
    }

    private Chosen Choose(TxnRequest request, long at)
    {
        bool holds = request.Compare.All(compare => Holds(compare, at));
        RepeatedField<RequestOp> operations = holds ? request.Success : request.Failure;
        var nested = new Dictionary<RequestOp, Chosen>(ReferenceEqualityComparer.Instance);
        foreach (RequestOp operation in operations)
        {
            if (operation.RequestCase == RequestOp.RequestOneofCase.RequestTxn)
            {
                nested.Add(operation, Choose(operation.RequestTxn, at));
            }
        }

        return new Chosen(holds, operations, nested);
    }

    private TxnResponse Run(Chosen chosen, long at, long header)
    {
        var response = new TxnResponse { Header = new ResponseHeader(), Succeeded = chosen.Holds };
        foreach (RequestOp operation in chosen.Operations)
        {
            response.Responses.Add(operation.RequestCase switch
            {
                RequestOp.RequestOneofCase.RequestRange => new ResponseOp { ResponseRange = Range(operation.RequestRange, at, header == 0 ? HeaderRevision : header) },
                RequestOp.RequestOneofCase.RequestPut => new ResponseOp { ResponsePut = Put(operation.RequestPut) },
                RequestOp.RequestOneofCase.RequestDeleteRange => new ResponseOp { ResponseDeleteRange = Delete(operation.RequestDeleteRange) },
                _ => new ResponseOp { ResponseTxn = Run(chosen.Nested[operation], at, header) },
            });
        }

        return response;
    }

    private PutResponse Put(PutRequest request)
    {
        int key = KeyNames.NumberOf(request.Key);
        Version before = Current(key);
        Write(key, request.IgnoreValue ? before.Value : ValueBytes.Read(request.Value), request.IgnoreLease ? before.Lease : request.Lease);
        return new PutResponse { Header = Header(), PrevKv = request.PrevKv && before.Value != 0 ? KeyValueOf(key, before, keysOnly: false) : null };
    }

    private DeleteRangeResponse Delete(DeleteRangeRequest request)
    {
        var response = new DeleteRangeResponse();
        foreach (int key in KeysOf(request.Key, request.RangeEnd))
        {
            if (Current(key) is { Value: not 0 } before)
            {
                response.Deleted++;
                if (request.PrevKv)
                {
                    response.PrevKvs.Add(KeyValueOf(key, before, keysOnly: false));
                }

                Write(key, 0, 0);
            }
        }

        response.Header = Header();
        return response;
    }

    private RangeResponse Range(RangeRequest request, long now, long header)
    {
        long at = request.Revision > 0 ? request.Revision : now;
        List<(int Key, Version Version)> all = [];
        foreach (int key in KeysOf(request.Key, request.RangeEnd))
        {
            if (Read(key, at) is { Value: not 0 } version)
            {
                all.Add((key, version));
            }
        }

        var response = new RangeResponse { Header = new ResponseHeader { Revision = header }, Count = all.Count };
        if (request.CountOnly)
        {
            return response;
        }

        IEnumerable<(int Key, Version Version)> kept = all.Where(found =>
            (request.MinModRevision == 0 || found.Version.Revision >= request.MinModRevision)
            && (request.MaxModRevision == 0 || found.Version.Revision <= request.MaxModRevision)
            && (request.MinCreateRevision == 0 || found.Version.Create >= request.MinCreateRevision)
            && (request.MaxCreateRevision == 0 || found.Version.Create <= request.MaxCreateRevision));
        List<(int Key, Version Version)> sorted = Sorted(request, kept);
        if (request.Limit > 0 && sorted.Count > request.Limit)
        {
            response.More = true;
            sorted.RemoveRange((int)request.Limit, sorted.Count - (int)request.Limit);
        }

        response.Kvs.AddRange(sorted.Select(found => KeyValueOf(found.Key, found.Version, request.KeysOnly)));
        return response;
    }

    private static List<(int Key, Version Version)> Sorted(RangeRequest request, IEnumerable<(int Key, Version Version)> found)
    {
        bool descends = request.SortOrder == RangeRequest.Types.SortOrder.Descend;
        List<(int Key, Version Version)> sorted = [.. found];
        Comparison<(int Key, Version Version)> order = request.SortTarget switch
        {
            RangeRequest.Types.SortTarget.Version => static (left, right) => left.Version.Number.CompareTo(right.Version.Number),
            RangeRequest.Types.SortTarget.Create => static (left, right) => left.Version.Create.CompareTo(right.Version.Create),
            RangeRequest.Types.SortTarget.Mod => static (left, right) => left.Version.Revision.CompareTo(right.Version.Revision),
            RangeRequest.Types.SortTarget.Value => static (left, right) => ValueBytes.Of(left.Version.Value).Span.SequenceCompareTo(ValueBytes.Of(right.Version.Value).Span),
            _ => static (left, right) => left.Key.CompareTo(right.Key),
        };

        // Those that are equal stay in the order of their keys.
        sorted.Sort((left, right) => (descends ? order(right, left) : order(left, right)) is var first && first != 0 ? first : left.Key.CompareTo(right.Key));
        return sorted;
    }

    private bool Holds(Compare compare, long at)
    {
        if (compare.RangeEnd.IsEmpty)
        {
            return Holds(compare, Read(KeyNames.NumberOf(compare.Key), at));
        }

        List<Version> found = [.. KeysOf(compare.Key, compare.RangeEnd).Select(key => Read(key, at)).Where(static version => version.Value != 0)];
        return found.Count == 0 ? Holds(compare, default(Version)) : found.TrueForAll(version => Holds(compare, version));
    }

    private static bool Holds(Compare compare, Version version)
    {
        bool exists = version.Value != 0;
        if (!exists && compare.Target == Compare.Types.CompareTarget.Value)
        {
            return false;
        }

        int order = compare.Target switch
        {
            Compare.Types.CompareTarget.Value => ValueBytes.Of(version.Value).Span.SequenceCompareTo(compare.Value.Span),
            Compare.Types.CompareTarget.Create => version.Create.CompareTo(compare.CreateRevision),
            Compare.Types.CompareTarget.Mod => (exists ? version.Revision : 0).CompareTo(compare.ModRevision),
            Compare.Types.CompareTarget.Version => version.Number.CompareTo(compare.Version),
            _ => version.Lease.CompareTo(compare.Lease),
        };
        return compare.Result switch
        {
            Compare.Types.CompareResult.Equal => order == 0,
            Compare.Types.CompareResult.NotEqual => order != 0,
            Compare.Types.CompareResult.Greater => order > 0,
            _ => order < 0,
        };
    }

    private string? Refusal(PutRequest request) =>
        (request.IgnoreValue || request.IgnoreLease) && Current(KeyNames.NumberOf(request.Key)).Value == 0 ? "etcdserver: key not found"
        : request.Lease != 0 && !_leases.ContainsKey(request.Lease) ? "etcdserver: requested lease not found"
        : null;

    private static IEnumerable<int> KeysOf(ByteString key, ByteString end)
    {
        int first = KeyNames.FirstFrom(key);
        int last = end.IsEmpty ? first + 1 : end.Length == 1 && end[0] == 0 ? KeyNames.Most : KeyNames.FirstFrom(end);
        for (int number = first; number < last; number++)
        {
            yield return number;
        }
    }

    private static KeyValue KeyValueOf(int key, Version version, bool keysOnly) => new()
    {
        Key = KeyNames.Bytes(key),
        Value = keysOnly ? ByteString.Empty : ValueBytes.Of(version.Value),
        CreateRevision = version.Create,
        ModRevision = version.Revision,
        Version = version.Number,
        Lease = version.Lease,
    };

    private ResponseHeader Header() => new() { Revision = HeaderRevision };
}
