using Grpc.Core;
using Veche.Api;

namespace Veche.Server.Services;

/// <summary>Who the members are.</summary>
internal sealed class ClusterService(MemberContext member) : Cluster.ClusterBase
{
    public override async Task<MemberListResponse> MemberList(MemberListRequest request, ServerCallContext context)
    {
        if (request.Linearizable)
        {
            await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        }

        var response = new MemberListResponse { Header = member.NewHeader() };
        response.Members.AddRange(member.ListMembers());
        return response;
    }

    public override Task<MemberAddResponse> MemberAdd(MemberAddRequest request, ServerCallContext context) => throw Errors.Unimplemented("adding members");

    public override Task<MemberRemoveResponse> MemberRemove(MemberRemoveRequest request, ServerCallContext context) => throw Errors.Unimplemented("removing members");

    public override Task<MemberUpdateResponse> MemberUpdate(MemberUpdateRequest request, ServerCallContext context) => throw Errors.Unimplemented("updating members");

    public override Task<MemberPromoteResponse> MemberPromote(MemberPromoteRequest request, ServerCallContext context) => throw Errors.Unimplemented("promoting members");
}
