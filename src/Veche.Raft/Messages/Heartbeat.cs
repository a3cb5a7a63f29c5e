namespace Veche.Raft;

/// <summary>Word from the leader that it still leads. Verifies nothing about the log, so its commit index stops at what is known to match.</summary>
/// <param name="From">The leader.</param>
/// <param name="To">The follower.</param>
/// <param name="Term">The leader's term.</param>
/// <param name="Commit">The smaller of the leader's commit index and what the follower is known to have.</param>
/// <param name="Round">Number of the confirmation round; never used twice in a term. 0 asks for no answer: it only tells a new commit index.</param>
public sealed record Heartbeat(MemberId From, MemberId To, long Term, long Commit, long Round) : Message(From, To, Term)
{
    /// <summary>Where there are witnesses, through where members with data alone would have committed (<see cref="RaftCore.CopiedIndex"/>), as far as <see cref="Commit"/> goes. Default 0: nothing is said.</summary>
    public long Copied { get; init; }
}

/// <summary>Answer to a heartbeat.</summary>
/// <param name="From">The follower.</param>
/// <param name="To">The leader.</param>
/// <param name="Term">The follower's term; a higher one than the leader's deposes it.</param>
/// <param name="Round">The round answered.</param>
public sealed record HeartbeatReply(MemberId From, MemberId To, long Term, long Round) : Message(From, To, Term)
{
    /// <summary>The follower is ill and would not take leadership.</summary>
    public bool IsIll { get; init; }
}
