using System.Security.Cryptography;
using System.Threading.Channels;
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
    /// <summary>Keep-alives of one stream that are under way at once; the next ones wait where they are.</summary>
    private const int MostKeepAlivesAtOnce = 256;

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

        // Each waits until the leader has made sure that it leads, and all that come meanwhile may share one wait. One after the other, a stream with many
        // leases would fall behind, and lose them, as soon as a busy cluster takes longer for one than the next is away.
        var asked = Channel.CreateBounded<(long Id, Task<long> Renewing)>(new BoundedChannelOptions(MostKeepAlivesAtOnce) { SingleReader = true, SingleWriter = true });
        Task asking = AskAsync(requestStream, asked.Writer, context, ended.Token);
        try
        {
            await foreach ((long id, Task<long> renewing) in asked.Reader.ReadAllAsync(ended.Token).ConfigureAwait(false))
            {
                long ttl = await renewing.ConfigureAwait(false);
                await responseStream.WriteAsync(new LeaseKeepAliveResponse { Header = member.NewHeader(), ID = id, TTL = ttl }, ended.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or IOException)
        {
            leader.ThrowIfLost();
            member.ThrowIfStopping();
            context.Status = new Status(StatusCode.Cancelled, "the client is gone");
        }
        finally
        {
            await ended.CancelAsync().ConfigureAwait(false);
            await asking.ConfigureAwait(false);
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

    /// <summary>Begins what the client asks for as it comes; whoever answers hears how it ended.</summary>
    private async Task AskAsync(IAsyncStreamReader<LeaseKeepAliveRequest> requests, ChannelWriter<(long Id, Task<long> Renewing)> asked, ServerCallContext context, CancellationToken cancellationToken)
    {
        try
        {
            while (await requests.MoveNext(cancellationToken).ConfigureAwait(false))
            {
                long id = requests.Current.ID;
                await asked.WriteAsync((id, RenewAsync(id, context, cancellationToken).AsTask()), cancellationToken).ConfigureAwait(false);
            }

            asked.Complete();
        }
        catch (Exception exception) when (asked.TryComplete(exception))
        {
            // Told behind what is still to be answered.
        }
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
