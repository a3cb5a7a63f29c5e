namespace Veche.Raft;

/// <summary>What a member knows only because of its role. A closed union: on leaving a role all of it ceases to exist.</summary>
internal abstract class RoleState(Role role)
{
    public Role Role { get; } = role;

    /// <summary>An equal one that shares nothing that changes.</summary>
    public abstract RoleState Fork(RaftOptions options);

    /// <summary>All of it but the times.</summary>
    public abstract void Describe(StateWriter writer);
}

internal sealed class FollowerState(MemberId leader, long electionDeadlineNs) : RoleState(Role.Follower)
{
    public MemberId Leader { get; } = leader;

    public long ElectionDeadlineNs { get; set; } = electionDeadlineNs;

    /// <summary>Reads asked of the leader and not answered yet.</summary>
    public List<long> ReadsAtLeader { get; } = [];

    public override RoleState Fork(RaftOptions options)
    {
        var copy = new FollowerState(Leader, ElectionDeadlineNs);
        copy.ReadsAtLeader.AddRange(ReadsAtLeader);
        return copy;
    }

    public override void Describe(StateWriter writer)
    {
        writer.Member(Leader);
        writer.Number(ReadsAtLeader.Count);
        foreach (long readId in ReadsAtLeader)
        {
            writer.Number(readId);
        }
    }
}

/// <summary>Asking for votes, or (before) whether there would be any.</summary>
internal sealed class CandidateState(Role role, long electionDeadlineNs) : RoleState(role)
{
    public long ElectionDeadlineNs { get; } = electionDeadlineNs;

    public HashSet<MemberId> Granted { get; } = [];

    public HashSet<MemberId> Denied { get; } = [];

    public override RoleState Fork(RaftOptions options)
    {
        var copy = new CandidateState(Role, ElectionDeadlineNs);
        copy.Granted.UnionWith(Granted);
        copy.Denied.UnionWith(Denied);
        return copy;
    }

    public override void Describe(StateWriter writer)
    {
        writer.Members(Granted);
        writer.Members(Denied);
    }
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

    /// <summary>Leads only to hand over: it has priority 0.</summary>
    public bool IsCaretaker { get; set; }

    /// <summary>Where the log ended when the leader last looked whether somebody should rather lead; before the first look nobody has held that much.</summary>
    public long LastIndexAtLook { get; set; } = long.MaxValue;

    /// <summary>An ill leader does not try to hand over again before this.</summary>
    public long NextReliefNs { get; set; }

    /// <summary>How many looks to let pass.</summary>
    public int LooksToPass { get; set; }

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

    public override RoleState Fork(RaftOptions options)
    {
        var copy = new LeaderState(TermStartIndex)
        {
            HeartbeatDeadlineNs = HeartbeatDeadlineNs,
            QuorumCheckDeadlineNs = QuorumCheckDeadlineNs,
            TransferTarget = TransferTarget,
            TransferDeadlineNs = TransferDeadlineNs,
            IsCaretaker = IsCaretaker,
            LastIndexAtLook = LastIndexAtLook,
            NextReliefNs = NextReliefNs,
            LooksToPass = LooksToPass,
            LeaseVoid = LeaseVoid,
            ConfirmedAtNs = ConfirmedAtNs,
        };
        copy.Reads.CopyFrom(Reads);
        foreach (Progress follower in Followers)
        {
            copy.Followers.Add(follower.Fork(options));
        }

        return copy;
    }

    public override void Describe(StateWriter writer)
    {
        writer.Number(TermStartIndex);
        Reads.Describe(writer);
        writer.Member(TransferTarget);
        writer.Flag(IsCaretaker);
        writer.Number(LastIndexAtLook);
        writer.Number(LooksToPass);
        writer.Flag(LeaseVoid);
        writer.Number(Followers.Count);
        foreach (Progress follower in writer.InOrder(Followers, static follower => follower.Member))
        {
            follower.Describe(writer);
        }
    }
}
