using System.Globalization;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Server.Services;
using Veche.Store.Watching;

namespace Veche.Server.Recipes;

/// <summary>
/// What locks and elections share, as etcd's own clients do it: each contender has a key under the name, called after its lease in hexadecimal and gone with
/// it, and the one that was created first has its turn.
/// </summary>
internal sealed class Queue(MemberContext member, KeyValueService keyValues, LeaseService leases, LeaseKeeper keeper)
{
    /// <summary>Time to live of a lease that is made for a caller who brings none, as etcd has it.</summary>
    private const long DefaultTtlSeconds = 60;

    /// <summary>The place of a contender.</summary>
    /// <param name="Key">Its key.</param>
    /// <param name="Revision">When it was created.</param>
    /// <param name="Lease">Its lease.</param>
    /// <param name="Existing">What it held already, when it was there before.</param>
    public sealed record Place(ByteString Key, long Revision, long Lease, KeyValue? Existing);

    public static ByteString PrefixOf(ByteString name) => ByteString.CopyFrom([.. name.Span, (byte)'/']);

    /// <summary>Takes the place of a lease, or finds it taken by the same lease before.</summary>
    public async Task<Place> EnterAsync(ByteString name, long lease, ByteString value, ServerCallContext context)
    {
        if (lease == 0)
        {
            lease = (await leases.LeaseGrant(new LeaseGrantRequest { TTL = DefaultTtlSeconds }, context).ConfigureAwait(false)).ID;
        }

        ByteString key = ByteString.CopyFrom([.. PrefixOf(name).Span, .. System.Text.Encoding.ASCII.GetBytes(lease.ToString("x", CultureInfo.InvariantCulture))]);
        var transaction = new TxnRequest();
        transaction.Compare.Add(CreatedAt(key, 0));
        transaction.Success.Add(new RequestOp { RequestPut = new PutRequest { Key = key, Value = value, Lease = lease } });
        transaction.Failure.Add(new RequestOp { RequestRange = new RangeRequest { Key = key } });
        TxnResponse response = await keyValues.Txn(transaction, context).ConfigureAwait(false);
        if (response.Succeeded)
        {
            return new Place(key, response.Header.Revision, lease, null);
        }

        KeyValue existing = response.Responses[0].ResponseRange.Kvs[0];
        return new Place(key, existing.CreateRevision, lease, existing);
    }

    /// <summary>Waits until nobody is before a place, and keeps its lease alive meanwhile. When the caller is gone, the place is given up.</summary>
    public async Task<ResponseHeader> WaitForTurnAsync(ByteString name, Place place, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        Task alive = KeepAliveAsync(place.Lease, ended.Token);
        try
        {
            while (true)
            {
                RangeResponse before = await keyValues.ReadAsync(
                    new RangeRequest
                    {
                        Key = PrefixOf(name),
                        RangeEnd = EndOf(PrefixOf(name)),
                        MaxCreateRevision = place.Revision - 1,
                        SortTarget = RangeRequest.Types.SortTarget.Create,
                        SortOrder = RangeRequest.Types.SortOrder.Descend,
                        Limit = 1,
                    },
                    context).ConfigureAwait(false);
                if (before.Kvs.Count == 0)
                {
                    RangeResponse own = await keyValues.ReadAsync(new RangeRequest { Key = place.Key }, context).ConfigureAwait(false);
                    return own.Kvs.Count > 0 && own.Kvs[0].CreateRevision == place.Revision
                        ? own.Header
                        : throw new RpcException(new Status(StatusCode.Unknown, "mutex: session is expired"));
                }

                await WaitForChangeAsync(before.Kvs[0].Key, ByteString.Empty, before.Header.Revision + 1, context.CancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await LeaveAsync(place.Key, place.Revision, new DetachedCallContext(context, limit.Token)).ConfigureAwait(false);
            throw;
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await alive.ConfigureAwait(false);
        }
    }

    /// <summary>Gives a place up, if it is still the same one.</summary>
    public async Task<ResponseHeader> LeaveAsync(ByteString key, long revision, ServerCallContext context)
    {
        var transaction = new TxnRequest();
        transaction.Compare.Add(CreatedAt(key, revision));
        transaction.Success.Add(new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } });
        return (await keyValues.Txn(transaction, context).ConfigureAwait(false)).Header;
    }

    /// <summary>Who is first.</summary>
    public async Task<(ResponseHeader Header, KeyValue? First)> FirstAsync(ByteString name, ServerCallContext context)
    {
        RangeResponse response = await keyValues.ReadAsync(
            new RangeRequest { Key = PrefixOf(name), RangeEnd = EndOf(PrefixOf(name)), SortTarget = RangeRequest.Types.SortTarget.Create, SortOrder = RangeRequest.Types.SortOrder.Ascend, Limit = 1 },
            context).ConfigureAwait(false);
        return (response.Header, response.Kvs.Count > 0 ? response.Kvs[0] : null);
    }

    /// <summary>Waits until something in a range has changed, from a revision on.</summary>
    public async Task WaitForChangeAsync(ByteString key, ByteString rangeEnd, long fromRevision, CancellationToken cancellationToken)
    {
        Channel<byte> signal = Channel.CreateBounded<byte>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
        using WatchStream stream = member.Watches.OpenStream(() => signal.Writer.TryWrite(0), member.Options.MaxRequestBytes);

        // Whoever waits has just read the same range, and was allowed to.
        stream.Create(new WatchCreateRequest { Key = key, RangeEnd = rangeEnd, StartRevision = fromRevision }, new Caller { IsMember = true });
        List<WatchResponse> batch = [];
        while (await signal.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
        {
            signal.Reader.TryRead(out _);
            bool more;
            do
            {
                more = stream.Pump(batch);

                // Also when the past was compacted meanwhile: then it is time to look again.
                if (batch.Any(static response => response.Events.Count > 0 || response.Canceled))
                {
                    return;
                }

                batch.Clear();
            }
            while (more);
        }
    }

    public static Compare CreatedAt(ByteString key, long revision) =>
        new() { Key = key, Target = Compare.Types.CompareTarget.Create, Result = Compare.Types.CompareResult.Equal, CreateRevision = revision };

    /// <summary>The end of the range of everything that begins with a prefix.</summary>
    public static ByteString EndOf(ByteString prefix)
    {
        byte[] end = prefix.ToByteArray();
        for (int i = end.Length - 1; i >= 0; i--)
        {
            if (end[i] < 0xFF)
            {
                end[i]++;
                return ByteString.CopyFrom(end, 0, i + 1);
            }
        }

        return ByteString.CopyFrom(0);
    }

    private async Task KeepAliveAsync(long lease, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                long ttl = await keeper.RenewAsync(lease, cancellationToken).ConfigureAwait(false);
                if (ttl <= 0)
                {
                    return;
                }

                await Task.Delay(TimeSpan.FromSeconds(Math.Max(1, ttl / 3)), cancellationToken).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or RpcException)
        {
            // The wait is over, or nobody leads; the lease has its time.
        }
    }
}
