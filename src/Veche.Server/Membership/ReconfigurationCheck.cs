using Grpc.Core;
using Veche.Api;

namespace Veche.Server.Membership;

/// <summary>
/// etcd's strict check of membership changes (<c>--strict-reconfig-check</c>): none that could leave the cluster with fewer working members than decide.
/// A member has started when it has published its name; it is healthy when it has been connected for five seconds.
/// </summary>
internal static class ReconfigurationCheck
{
    public static readonly TimeSpan HealthyAfter = TimeSpan.FromSeconds(5);

    /// <param name="members">All members; those that will become voters by themselves count as voters.</param>
    /// <param name="connectedFor">How long a member has been connected; the one that asks counts as connected for ever.</param>
    /// <param name="asLearner">The new one would not vote.</param>
    public static Status? Add(IReadOnlyList<Member> members, Func<ulong, TimeSpan?> connectedFor, bool asLearner)
    {
        List<Member> voters = Voters(members);
        int started = voters.Count(IsStarted);
        bool firstCompanion = started == 1 && voters.Count == 1;
        if (!asLearner && !firstCompanion && started < Quorum(voters.Count + 1))
        {
            return MembershipErrors.NotEnoughStarted;
        }

        return voters.All(voter => connectedFor(voter.ID) >= HealthyAfter) ? null : MembershipErrors.Unhealthy;
    }

    public static Status? Remove(IReadOnlyList<Member> members, Func<ulong, TimeSpan?> connectedFor, ulong id)
    {
        if (members.Any(member => member.ID == id && member.IsLearner))
        {
            return null;
        }

        List<Member> voters = Voters(members);
        List<Member> left = [.. voters.Where(member => member.ID != id)];
        if (left.Count(IsStarted) < Quorum(left.Count))
        {
            return MembershipErrors.NotEnoughStarted;
        }

        // One that is down is no part of those that decide now: without it there are only more.
        if (connectedFor(id) is null)
        {
            return null;
        }

        int active = voters.Count(voter => connectedFor(voter.ID) >= HealthyAfter);
        return active - 1 < 1 + ((voters.Count - 1) / 2) ? MembershipErrors.Unhealthy : null;
    }

    public static Status? Promote(IReadOnlyList<Member> members)
    {
        List<Member> voters = Voters(members);
        return 1 + voters.Count(IsStarted) < Quorum(voters.Count + 1) ? MembershipErrors.NotEnoughStarted : null;
    }

    private static int Quorum(int count) => (count / 2) + 1;

    private static bool IsStarted(Member member) => member.Name.Length > 0;

    private static List<Member> Voters(IReadOnlyList<Member> members) => [.. members.Where(static member => !member.IsLearner)];
}
