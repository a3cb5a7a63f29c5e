namespace Veche.Raft;

/// <summary>What a member knows only because of its role. A closed union: on leaving a role all of it ceases to exist.</summary>
internal abstract class RoleState(Role role)
{
    public Role Role { get; } = role;
}

internal sealed class FollowerState(MemberId leader, long electionDeadlineNs) : RoleState(Role.Follower)
{
    public MemberId Leader { get; } = leader;

    public long ElectionDeadlineNs { get; set; } = electionDeadlineNs;

    /// <summary>Reads asked of the leader and not answered yet.</summary>
    public List<long> ReadsAtLeader { get; } = [];
}

/// <summary>Asking for votes, or (before) whether there would be any.</summary>
internal sealed class CandidateState(Role role, long electionDeadlineNs) : RoleState(role)
{
    public long ElectionDeadlineNs { get; } = electionDeadlineNs;

    public HashSet<MemberId> Granted { get; } = [];

    public HashSet<MemberId> Denied { get; } = [];
}

internal sealed class LeaderState(long termStartIndex) : RoleState(Role.Leader)
{
    /// <summary>Index of the empty entry of this term; until it commits, nobody can know what has (Raft §5.4.2, §8).</summary>
    public long TermStartIndex { get; } = termStartIndex;

    /// <summary>The other members, in order of id.</summary>
    public List<Progress> Followers { get; } = [];

    public long HeartbeatDeadlineNs { get; set; }

    public long QuorumCheckDeadlineNs { get; set; }

    public ReadQueue Reads { get; } = new();

    public MemberId TransferTarget { get; set; }

    public long TransferDeadlineNs { get; set; }

    /// <summary>A transferee may have been elected without this member's knowing, so no lease holds any more in this term.</summary>
    public bool LeaseVoid { get; set; }

    /// <summary>When the last round that a quorum has confirmed was sent.</summary>
    public long ConfirmedAtNs { get; set; } = long.MinValue;

    public Progress? Find(MemberId member)
    {
        foreach (Progress follower in Followers)
        {
            if (follower.Member == member)
            {
                return follower;
            }
        }

        return null;
    }
}
