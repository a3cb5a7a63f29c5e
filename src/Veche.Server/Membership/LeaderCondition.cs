using System.Globalization;
using Veche.Hosting;
using Veche.Raft;

namespace Veche.Server.Membership;

/// <summary>What is the matter with the leader, in words for an operator.</summary>
internal static class LeaderCondition
{
    /// <summary>Why nobody leads, or why it does not help that somebody does, as far as this member can tell; null when there is nothing to say.</summary>
    public static string? Of(MemberContext member) => Of(member.Host.Status, member.Identity.Self, member.Options.LeaderStallMs is > 0 and int bound ? bound : 4 * member.Options.ElectionTimeoutMs, MemberContext.NowNs);

    public static string? Of(MemberStatus status, MemberId self, int boundMs, long nowNs) =>
        status.Leader.IsNone ? NoLeader(status.Configuration, self)
        : Seconds(status.UncommittedSinceNs, boundMs, nowNs) is { } uncommitted ? $"member {status.Leader} leads, but has committed nothing for {uncommitted} s: {status.LastIndex - status.CommitIndex} entries wait for the disks of a quorum"
        : Seconds(status.UnappliedSinceNs, boundMs, nowNs) is { } unapplied ? $"nothing has been applied for {unapplied} s: {status.CommitIndex - status.AppliedIndex} committed entries wait for the state machine"
        : null;

    private static string NoLeader(Configuration configuration, MemberId self) =>
        configuration.IsVoter(self) && configuration.PriorityOf(self) == 0
            ? $"no leader: this member {(configuration.IsWitness(self) ? "is a witness" : "has priority 0")} and waits for one of {string.Join(", ", configuration.Voters.Where(voter => configuration.PriorityOf(voter) > 0))}, which may lead. If those are lost for good, start one that is left{(configuration.IsWitness(self) ? " and holds data" : string.Empty)} with --force-new-cluster"
            : "no leader: not enough of the voters answer, or an election is under way";

    private static string? Seconds(long? sinceNs, int boundMs, long nowNs) =>
        sinceNs is { } since && nowNs - since > boundMs * 1_000_000L ? ((nowNs - since) / 1e9).ToString("0.0", CultureInfo.InvariantCulture) : null;
}
