using Grpc.Core;
using Veche.Api;
using Veche.Api.Membership;
using Veche.Server.Membership;

namespace Veche.Server.Services;

/// <summary>Who the members are, and who they should be.</summary>
internal sealed class ClusterService(MemberContext member, MembershipChanges changes) : Cluster.ClusterBase
{
    public override async Task<MemberListResponse> MemberList(MemberListRequest request, ServerCallContext context)
    {
        if (request.Linearizable)
        {
            await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        }

        var response = new MemberListResponse { Header = NewHeader() };
        response.Members.AddRange(member.ListMembers());
        return response;
    }

    public override async Task<MemberAddResponse> MemberAdd(MemberAddRequest request, ServerCallContext context)
    {
        if (!PeerUrls.TryNormalize(request.PeerURLs, out List<string>? urls))
        {
            throw new RpcException(MembershipErrors.BadUrls);
        }

        var wanted = new Member { IsLearner = request.IsLearner };
        wanted.PeerURLs.AddRange(urls);
        MembershipReply reply = await ChangeAsync(new MembershipRequest { Add = wanted }, context).ConfigureAwait(false);
        var response = new MemberAddResponse { Header = NewHeader(), Member = reply.Members.First(known => known.PeerURLs.SequenceEqual(urls)) };
        response.Members.AddRange(reply.Members);
        return response;
    }

    public override async Task<MemberRemoveResponse> MemberRemove(MemberRemoveRequest request, ServerCallContext context)
    {
        MembershipReply reply = await ChangeAsync(new MembershipRequest { Remove = request.ID }, context).ConfigureAwait(false);
        var response = new MemberRemoveResponse { Header = NewHeader() };
        response.Members.AddRange(reply.Members);
        return response;
    }

    public override async Task<MemberUpdateResponse> MemberUpdate(MemberUpdateRequest request, ServerCallContext context)
    {
        MembershipReply reply = await ChangeAsync(new MembershipRequest { Update = request }, context).ConfigureAwait(false);
        var response = new MemberUpdateResponse { Header = NewHeader() };
        response.Members.AddRange(reply.Members);
        return response;
    }

    public override async Task<MemberPromoteResponse> MemberPromote(MemberPromoteRequest request, ServerCallContext context)
    {
        MembershipReply reply = await ChangeAsync(new MembershipRequest { Promote = request.ID }, context).ConfigureAwait(false);
        var response = new MemberPromoteResponse { Header = NewHeader() };
        response.Members.AddRange(reply.Members);
        return response;
    }

    private async Task<MembershipReply> ChangeAsync(MembershipRequest request, ServerCallContext context)
    {
        MembershipReply reply = await changes.ChangeAsync(request, context.CancellationToken).ConfigureAwait(false);
        if (request.ChangeCase != MembershipRequest.ChangeOneofCase.Remove)
        {
            // Whoever asks this member next finds the change here too. One that was just removed may not be told any more.
            await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        }

        return reply;
    }

    /// <summary>Answers about members are not about a revision, and say none, as in etcd.</summary>
    private ResponseHeader NewHeader()
    {
        ResponseHeader header = member.NewHeader();
        header.Revision = 0;
        return header;
    }
}
