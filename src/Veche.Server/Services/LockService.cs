using Google.Protobuf;
using Grpc.Core;
using Veche.Api;
using Veche.Server.Recipes;
using Place = Veche.Server.Recipes.Queue.Place;

namespace Veche.Server.Services;

/// <summary>Mutual exclusion as a service. Who holds a lock holds it as long as its lease lives: use the key's create revision to fence what it protects.</summary>
internal sealed class LockService(MemberContext member, Queue queue, KeyValueService keyValues) : Veche.Api.Lock.LockBase
{
    public override async Task<LockResponse> Lock(LockRequest request, ServerCallContext context)
    {
        Place place = await queue.EnterAsync(request.Name, request.Lease, ByteString.Empty, context).ConfigureAwait(false);
        ResponseHeader header = await queue.WaitForTurnAsync(request.Name, place, context).ConfigureAwait(false);
        return new LockResponse { Header = member.Complete(header), Key = place.Key };
    }

    public override async Task<UnlockResponse> Unlock(UnlockRequest request, ServerCallContext context)
    {
        DeleteRangeResponse deleted = await keyValues.DeleteRange(new DeleteRangeRequest { Key = request.Key }, context).ConfigureAwait(false);
        return new UnlockResponse { Header = deleted.Header };
    }
}
