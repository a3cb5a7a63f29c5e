using Google.Protobuf;
using Veche.Api;
using Veche.Simulation.Verdicts;
using Veche.Store;

namespace Veche.Simulation.Clients;

/// <summary>Makes requests with every option that the API has, such as a server accepts them.</summary>
internal sealed class RequestMaker(SimulationRandom random, int keys, ReferenceModel model)
{
    private static readonly RequestLimits Limits = new();
    private long _lastValue;

    public RangeRequest Range(bool inTransaction)
    {
        var request = new RangeRequest();
        (request.Key, request.RangeEnd) = Keys(0.3);
        request.Limit = random.Chance(0.4) ? random.Between(1, 5) : 0;
        request.KeysOnly = random.Chance(0.15);
        request.CountOnly = random.Chance(0.15);
        request.Serializable = !inTransaction && random.Chance(0.3);
        if (random.Chance(0.4))
        {
            request.SortOrder = (RangeRequest.Types.SortOrder)random.Below(3);
            request.SortTarget = (RangeRequest.Types.SortTarget)random.Below(5);
        }

        if (random.Chance(0.35))
        {
            // In a transaction too: what is not there yet when it is asked may be when it is its turn.
            request.Revision = SomeRevision(past: false);
        }

        if (random.Chance(0.2))
        {
            request.MinModRevision = random.Chance(0.5) ? SomeRevision(past: true) : 0;
            request.MaxModRevision = random.Chance(0.5) ? SomeRevision(past: true) : 0;
            request.MinCreateRevision = random.Chance(0.3) ? SomeRevision(past: true) : 0;
            request.MaxCreateRevision = random.Chance(0.3) ? SomeRevision(past: true) : 0;
        }

        return request;
    }

    public DeleteRangeRequest Delete()
    {
        var request = new DeleteRangeRequest { PrevKv = random.Chance(0.4) };
        (request.Key, request.RangeEnd) = Keys(0.4);
        if (!request.RangeEnd.IsEmpty && random.Chance(0.7))
        {
            // Mostly a few keys: otherwise there would seldom be any.
            int from = random.Below(keys);
            request.Key = KeyNames.Bytes(from);
            request.RangeEnd = KeyNames.Bytes(Math.Min(KeyNames.Most - 1, from + random.Between(1, 3)));
        }

        return request;
    }

    /// <summary>A put that does not only put.</summary>
    /// <param name="value">Unique in the world.</param>
    /// <param name="lease">A lease of the client's, or 0.</param>
    public PutRequest Put(long value, long lease)
    {
        var request = new PutRequest { Key = KeyNames.Bytes(random.Below(keys)), PrevKv = random.Chance(0.5) };
        if (random.Chance(0.2))
        {
            request.IgnoreValue = true;
        }
        else
        {
            request.Value = ValueBytes.Of(random.Chance(0.15) ? ValueBytes.Empty : value);
        }

        if (random.Chance(0.2))
        {
            request.IgnoreLease = true;
        }
        else if (random.Chance(0.3))
        {
            request.Lease = lease;
        }

        return request;
    }

    /// <summary>A transaction.</summary>
    /// <param name="value">The first of a thousand that are unique in the world.</param>
    /// <param name="lease">A lease of the client's, or 0.</param>
    /// <param name="readOnly">It changes nothing.</param>
    public TxnRequest Transaction(long value, long lease, bool readOnly)
    {
        _lastValue = value;
        for (int attempt = 0; attempt < 10; attempt++)
        {
            TxnRequest request = Transaction(lease, readOnly, depth: 0);
            if (RequestValidator.Check(request, Limits) is null && RequestValidator.IsReadOnly(request) == readOnly)
            {
                return request;
            }
        }

        var simple = new TxnRequest();
        simple.Compare.Add(Compare());
        simple.Success.Add(readOnly ? new RequestOp { RequestRange = Range(inTransaction: true) } : new RequestOp { RequestPut = Put(_lastValue++, lease) });
        return simple;
    }

    private TxnRequest Transaction(long lease, bool readOnly, int depth)
    {
        var request = new TxnRequest();
        for (int i = random.Below(3); i > 0; i--)
        {
            request.Compare.Add(Compare());
        }

        Fill(request.Success, lease, readOnly, depth);
        Fill(request.Failure, lease, readOnly, depth);
        return request;
    }

    private void Fill(ICollection<RequestOp> operations, long lease, bool readOnly, int depth)
    {
        for (int i = random.Below(4); i > 0; i--)
        {
            int draw = random.Below(10);
            operations.Add(draw < 2 && depth < 2 ? new RequestOp { RequestTxn = Transaction(lease, readOnly, depth + 1) }
                : draw < 5 || readOnly ? new RequestOp { RequestRange = Range(inTransaction: true) }
                : draw < 9 ? new RequestOp { RequestPut = Put(_lastValue++, lease) }
                : new RequestOp { RequestDeleteRange = Delete() });
        }
    }

    private Compare Compare()
    {
        int key = random.Below(keys);
        var compare = new Compare { Key = KeyNames.Bytes(key), Result = (Compare.Types.CompareResult)random.Below(4) };
        if (random.Chance(0.2))
        {
            compare.RangeEnd = KeyNames.Bytes(Math.Min(KeyNames.Most - 1, key + random.Between(1, 3)));
        }

        // What is there, more often than not, so that both branches are taken.
        ReferenceModel.Version now = model.Read(key, model.Revision);
        bool right = random.Chance(0.6);
        switch (random.Below(5))
        {
            case 0:
                compare.Target = Api.Compare.Types.CompareTarget.Version;
                compare.Version = right ? now.Number : random.Below(4);
                break;
            case 1:
                compare.Target = Api.Compare.Types.CompareTarget.Create;
                compare.CreateRevision = right ? now.Create : SomeRevision(past: true);
                break;
            case 2:
                compare.Target = Api.Compare.Types.CompareTarget.Mod;
                compare.ModRevision = right && now.Value != 0 ? now.Revision : SomeRevision(past: true);
                break;
            case 3:
                compare.Target = Api.Compare.Types.CompareTarget.Lease;
                compare.Lease = right ? now.Lease : random.Below(3);
                break;
            default:
                compare.Target = Api.Compare.Types.CompareTarget.Value;
                compare.Value = right && now.Value != 0 ? ValueBytes.Of(now.Value) : ValueBytes.Of(random.Between(1, 50));
                break;
        }

        return compare;
    }

    private (ByteString Key, ByteString End) Keys(double single)
    {
        int from = random.Below(keys);
        return random.Chance(single) ? (KeyNames.Bytes(from), ByteString.Empty)
            : random.Chance(0.2) ? (KeyNames.Bytes(from), ByteString.CopyFrom(0))
            : random.Chance(0.2) ? (ByteString.CopyFromUtf8("k"), KeyNames.End)
            : (KeyNames.Bytes(from), KeyNames.Bytes(Math.Min(KeyNames.Most - 1, from + random.Between(0, keys))));
    }

    /// <summary>One around the last compaction, or around now, or in between. Never 0.</summary>
    private long SomeRevision(bool past)
    {
        long now = model.Revision;
        long revision = random.Below(4) switch
        {
            0 => model.Compacted + random.Between(-1, 2),
            1 => now + random.Between(-2, 2),
            _ => random.Between(model.Compacted, now),
        };
        return Math.Clamp(revision, 1, past ? now : now + 3);
    }
}
