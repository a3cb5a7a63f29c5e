using Google.Protobuf;
using Grpc.Core;
using Veche.Api;
using Veche.Server.Recipes;
using Place = Veche.Server.Recipes.Queue.Place;

namespace Veche.Server.Services;

/// <summary>Leader election as a service. The texts of refusals are etcd's, and so is that they come as 'unknown'.</summary>
internal sealed class ElectionService(MemberContext member, Queue queue, KeyValueService keyValues) : Election.ElectionBase
{
    public override async Task<CampaignResponse> Campaign(CampaignRequest request, ServerCallContext context)
    {
        Place place = await queue.EnterAsync(request.Name, request.Lease, request.Value, context).ConfigureAwait(false);
        if (place.Existing is { } existing && existing.Value != request.Value)
        {
            await ProclaimAsync(place.Key, place.Revision, place.Lease, request.Value, context).ConfigureAwait(false);
        }

        ResponseHeader header = await queue.WaitForTurnAsync(request.Name, place, context).ConfigureAwait(false);
        return new CampaignResponse { Header = member.Complete(header), Leader = new LeaderKey { Name = request.Name, Key = place.Key, Rev = place.Revision, Lease = place.Lease } };
    }

    public override async Task<ProclaimResponse> Proclaim(ProclaimRequest request, ServerCallContext context)
    {
        LeaderKey leader = request.Leader ?? throw LeaderMissing();
        return new ProclaimResponse { Header = await ProclaimAsync(leader.Key, leader.Rev, leader.Lease, request.Value, context).ConfigureAwait(false) };
    }

    public override async Task<LeaderResponse> Leader(LeaderRequest request, ServerCallContext context)
    {
        (ResponseHeader header, KeyValue? first) = await queue.FirstAsync(request.Name, context).ConfigureAwait(false);
        return new LeaderResponse { Header = header, Kv = first ?? throw Refused("election: no leader") };
    }

    public override async Task Observe(LeaderRequest request, IServerStreamWriter<LeaderResponse> responseStream, ServerCallContext context)
    {
        ByteString prefix = Queue.PrefixOf(request.Name);
        long sent = 0;
        while (true)
        {
            (ResponseHeader header, KeyValue? first) = await queue.FirstAsync(request.Name, context).ConfigureAwait(false);
            if (first is not null && first.ModRevision != sent)
            {
                sent = first.ModRevision;
                await responseStream.WriteAsync(new LeaderResponse { Header = header, Kv = first }, context.CancellationToken).ConfigureAwait(false);
            }

            await queue.WaitForChangeAsync(prefix, Queue.EndOf(prefix), header.Revision + 1, context.CancellationToken).ConfigureAwait(false);
        }
    }

    public override async Task<ResignResponse> Resign(ResignRequest request, ServerCallContext context)
    {
        LeaderKey leader = request.Leader ?? throw LeaderMissing();
        return new ResignResponse { Header = await queue.LeaveAsync(leader.Key, leader.Rev, context).ConfigureAwait(false) };
    }

    private async Task<ResponseHeader> ProclaimAsync(ByteString key, long revision, long lease, ByteString value, ServerCallContext context)
    {
        var transaction = new TxnRequest();
        transaction.Compare.Add(Queue.CreatedAt(key, revision));
        transaction.Success.Add(new RequestOp { RequestPut = new PutRequest { Key = key, Value = value, Lease = lease } });
        TxnResponse response = await keyValues.Txn(transaction, context).ConfigureAwait(false);
        return response.Succeeded ? response.Header : throw Refused("election: not leader");
    }

    private static RpcException LeaderMissing() => Refused("\"leader\" field must be provided");

    private static RpcException Refused(string text) => new(new Status(StatusCode.Unknown, text));
}
