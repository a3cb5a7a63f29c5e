using System.Security.Cryptography;
using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Server.Auth;
using Veche.Server.Semantics;
using Veche.Store;
using Veche.Store.Leases;

namespace Veche.Server.Services;

/// <summary>Leases. Time is counted by the leader; every member passes questions about it on.</summary>
internal sealed class LeaseService(MemberContext member, LeaseKeeper keeper, Authenticator authenticator) : Lease.LeaseBase
{
    public override async Task<LeaseGrantResponse> LeaseGrant(LeaseGrantRequest request, ServerCallContext context)
    {
        if (RequestValidator.Check(request) is { } error)
        {
            throw Errors.Of(error);
        }

        // etcd: not shorter than one and a half election timeouts, or a change of leaders would end it.
        long least = ((3L * member.Options.ElectionTimeoutMs / 2) + 999) / 1000;
        var grant = new LeaseGrantRequest { ID = request.ID, TTL = Math.Max(request.TTL, least) };
        if (grant.ID == 0)
        {
            grant.ID = ((long)RandomNumberGenerator.GetInt32(int.MaxValue) << 31) + RandomNumberGenerator.GetInt32(1, int.MaxValue);
        }

        LeaseGrantResponse response = await member.ProposeAsync<LeaseGrantResponse>(
            // What was filled in here differs from attempt to attempt; the digest is of what the client asked for.
            new Command { LeaseGrant = grant, SessionDigest = context.Asked(SemanticsHeaders.Session) is null ? Google.Protobuf.ByteString.Empty : SessionTerms.DigestOf(request) },
            context).ConfigureAwait(false);
        member.Complete(response.Header);
        return response;
    }

    public override async Task<LeaseRevokeResponse> LeaseRevoke(LeaseRevokeRequest request, ServerCallContext context)
    {
        LeaseRevokeResponse response = await member.ProposeAsync<LeaseRevokeResponse>(new Command { LeaseRevoke = request }, context).ConfigureAwait(false);
        member.Complete(response.Header);
        return response;
    }

    public override async Task LeaseKeepAlive(IAsyncStreamReader<LeaseKeepAliveRequest> requestStream, IServerStreamWriter<LeaseKeepAliveResponse> responseStream, ServerCallContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, member.Stopping);
        using var leader = new LeaderWatch(member, context, ended);
        try
        {
            while (await requestStream.MoveNext(ended.Token).ConfigureAwait(false))
            {
                long id = requestStream.Current.ID;
                long ttl = await RenewAsync(id, context, ended.Token).ConfigureAwait(false);
                await responseStream.WriteAsync(new LeaseKeepAliveResponse { Header = member.NewHeader(), ID = id, TTL = ttl }, ended.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            leader.ThrowIfLost();
            member.ThrowIfStopping();
            context.Status = new Status(StatusCode.Cancelled, "the client is gone");
        }
    }

    public override async Task<LeaseTimeToLiveResponse> LeaseTimeToLive(LeaseTimeToLiveRequest request, ServerCallContext context)
    {
        await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        var response = new LeaseTimeToLiveResponse { Header = member.NewHeader(), ID = request.ID, TTL = -1 };
        if (member.Store.FindLease(request.ID) is { } lease)
        {
            response.GrantedTTL = lease.TtlSeconds;
            response.TTL = await keeper.RemainingAsync(request.ID, context.CancellationToken).ConfigureAwait(false);
            if (request.Keys)
            {
                response.Keys.AddRange(member.Store.KeysOf(request.ID));
                LeasePermissions.RefuseUnlessMayRead(member.Store.Auth, context.Caller(), response.Keys);
            }
        }

        return response;
    }

    public override async Task<LeaseLeasesResponse> LeaseLeases(LeaseLeasesRequest request, ServerCallContext context)
    {
        await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        var response = new LeaseLeasesResponse { Header = member.NewHeader() };
        foreach (LeaseRecord lease in member.Store.Leases())
        {
            LeasePermissions.RefuseUnlessMaySee(member.Store, context.Caller(), lease.Id);
            response.Leases.Add(new LeaseStatus { ID = lease.Id });
        }

        return response;
    }

    /// <summary>Who it is is asked anew for each message: streams outlive tokens.</summary>
    private async ValueTask<long> RenewAsync(long id, ServerCallContext context, CancellationToken cancellationToken)
    {
        try
        {
            return await keeper.RenewAsync(id, await authenticator.RecogniseAsync(context).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // This member may be behind, and the token newer than what it knows.
            await member.ConfirmReadAsync(cancellationToken).ConfigureAwait(false);
        }

        try
        {
            return await keeper.RenewAsync(id, await authenticator.RecogniseAsync(context).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException exception)
        {
            throw Errors.Of(exception.Error);
        }
    }
}
