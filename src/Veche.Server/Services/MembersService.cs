using Grpc.Core;
using Veche.Api.Commands;
using Veche.Api.Members;
using Veche.Api.Membership;
using Veche.Hosting;
using Veche.Raft;
using Veche.Server.Membership;

namespace Veche.Server.Services;

/// <summary>What the members are beyond etcd's API: priorities, sizes of quorums, zones, and what is the matter with the leader.</summary>
internal sealed class MembersService(MemberContext member, MembershipChanges changes) : Members.MembersBase
{
    public override Task<DescribeReply> Describe(DescribeRequest request, ServerCallContext context) => Task.FromResult(DescribeHere());

    public override async Task<DescribeReply> Tune(TuneRequest request, ServerCallContext context)
    {
        await changes.ChangeAsync(new MembershipRequest { Tune = request }, context.CancellationToken).ConfigureAwait(false);

        // Whoever asks this member next finds the change here too.
        await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        return DescribeHere();
    }

    public override async Task<Api.MemberAddResponse> AddWitness(AddWitnessRequest request, ServerCallContext context)
    {
        if (!PeerUrls.TryNormalize(request.PeerUrls, out List<string>? urls))
        {
            throw new RpcException(MembershipErrors.BadUrls);
        }

        var wanted = new Api.Member();
        wanted.PeerURLs.AddRange(urls);
        MembershipReply reply = await changes.ChangeAsync(new MembershipRequest { AddWitness = wanted }, context.CancellationToken).ConfigureAwait(false);
        await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        var response = new Api.MemberAddResponse { Header = member.NewHeader(), Member = reply.Members.First(known => known.PeerURLs.SequenceEqual(urls)) };
        response.Members.AddRange(reply.Members);
        return response;
    }

    private DescribeReply DescribeHere()
    {
        MemberStatus status = member.Host.Status;
        Configuration configuration = status.Configuration;
        int voters = configuration.Voters.Count;
        var reply = new DescribeReply
        {
            Self = member.Identity.Self.Value,
            Leader = status.Leader.Value,
            Quorums = new Quorums { Voters = voters, Election = configuration.Quorums.ElectionOf(voters), Commit = configuration.Quorums.CommitOf(voters) },
            Condition = LeaderCondition.Of(member) ?? string.Empty,
        };
        reply.Ailments.AddRange(Enum.GetValues<Ailments>().Where(ailment => ailment != Ailments.None && status.Ailments.HasFlag(ailment)).Select(static ailment => ailment.ToString().ToLowerInvariant()));
        foreach (Api.Member known in member.ListMembers())
        {
            var id = new MemberId(known.ID);
            MemberAttributes? published = member.Store.Members.FirstOrDefault(attributes => attributes.Id == known.ID);
            reply.Members.Add(new MemberView { Id = known.ID, Name = known.Name, IsLearner = known.IsLearner, Priority = configuration.PriorityOf(id), Zone = published?.Zone ?? string.Empty, IsWitness = configuration.IsWitness(id) });
        }

        return reply;
    }
}
