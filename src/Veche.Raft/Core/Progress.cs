namespace Veche.Raft;

/// <summary>How far a follower is, as its leader sees it. Match never falls; Next is always after Match.</summary>
internal sealed class Progress(MemberId member, bool isWitness, long next, RaftOptions options)
{
    private Inflights _inflights = new(options.MaxInflightAppends, options.MaxInflightBytes);

    public MemberId Member { get; } = member;

    /// <summary>It gets entries without what they say, and only those that enough members with data hold durably.</summary>
    public bool IsWitness { get; } = isWitness;

    /// <summary>Last index known to be equal there, and durable.</summary>
    public long Match { get; private set; }

    /// <summary>Last index it has said to have in memory, since it was last lost sight of. Says nothing about what is durable.</summary>
    public long Received { get; set; }

    /// <summary>First index not sent yet (when replicating), or to try next (when probing).</summary>
    public long Next { get; private set; } = next;

    public ReplicationState State { get; private set; } = ReplicationState.Probe;

    /// <summary>Has answered since the last check of the quorum.</summary>
    public bool RecentlyActive { get; set; }

    /// <summary>Says that it is ill.</summary>
    public bool IsIll { get; set; }

    /// <summary>Last confirmation round answered.</summary>
    public long AckedRound { get; set; }

    /// <summary>While probing: one append is on its way, and none more is sent before an answer of any kind.</summary>
    public bool ProbeSent { get; set; }

    /// <summary>
    /// While probing: where the append that is on its way ends. Less than that is the answer to an older one, and no reason to send a whole window:
    /// over a network that reorders and repeats, each such window would bring the answers that set off the next.
    /// </summary>
    public long ProbedThrough { get; private set; }

    /// <summary>Highest commit index it was told in a message that it takes at its word.</summary>
    public long ToldCommit { get; set; }

    public bool IsPaused => State switch
    {
        ReplicationState.Probe => ProbeSent,
        ReplicationState.Replicate => _inflights.IsFull,
        _ => true,
    };

    public void Sent(long lastIndex, long bytes)
    {
        if (State == ReplicationState.Replicate)
        {
            _inflights.Add(lastIndex, bytes);
            Next = lastIndex + 1;
        }
        else
        {
            ProbeSent = true;
            ProbedThrough = lastIndex;
        }
    }

    /// <summary>The follower has everything through this index.</summary>
    public void Accepted(long match)
    {
        Match = Math.Max(Match, match);
        Next = Math.Max(Next, Match + 1);
        _inflights.FreeThrough(match);
    }

    /// <summary>Goes back after a rejection; false when the rejection is an old one that says nothing new.</summary>
    public bool Rejected(long rejectedIndex, long furthestThatMayMatch)
    {
        if (State == ReplicationState.Snapshot || rejectedIndex <= Match)
        {
            return false;
        }

        if (State == ReplicationState.Replicate)
        {
            Probe(Match + 1);
            return true;
        }

        if (rejectedIndex != Next - 1)
        {
            return false;
        }

        Next = Math.Max(Math.Min(rejectedIndex, furthestThatMayMatch + 1), Match + 1);
        ProbeSent = false;
        return true;
    }

    public void Probe(long next)
    {
        State = ReplicationState.Probe;

        // It may have been started anew, and what it had in memory only is gone.
        Received = Match;
        Next = Math.Max(next, Match + 1);
        ProbeSent = false;
        ProbedThrough = 0;
        _inflights.Clear();
    }

    public void Replicate()
    {
        State = ReplicationState.Replicate;
        Next = Match + 1;
        ProbeSent = false;
        ProbedThrough = 0;
        _inflights.Clear();
    }

    public void AwaitSnapshot()
    {
        State = ReplicationState.Snapshot;
        ProbeSent = false;
        ProbedThrough = 0;
        _inflights.Clear();
    }

    public FollowerProgress ToPublic() => new(Member, Match, Next, State, RecentlyActive);

    public Progress Fork(RaftOptions options) => new(Member, IsWitness, Next, options)
    {
        _inflights = _inflights.Fork(),
        Match = Match,
        Received = Received,
        State = State,
        RecentlyActive = RecentlyActive,
        IsIll = IsIll,
        AckedRound = AckedRound,
        ProbeSent = ProbeSent,
        ProbedThrough = ProbedThrough,
        ToldCommit = ToldCommit,
    };

    public void Describe(StateWriter writer)
    {
        writer.Member(Member);
        writer.Number(Match);
        writer.Number(Next);
        writer.Number((long)State);
        writer.Flag(RecentlyActive);
        writer.Flag(IsIll);
        writer.Number(AckedRound);
        writer.Flag(ProbeSent);
        writer.Number(ProbedThrough);
        writer.Number(ToldCommit);
        _inflights.Describe(writer);
    }
}
