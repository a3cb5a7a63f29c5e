namespace Veche.Raft;

/// <summary>
/// AppendEntries (Raft §5.3). The core names the entries by their range; whoever sends the message fills in
/// <see cref="Entries"/> from the log, and must drop the message if the member has left <see cref="Message.Term"/> since.
/// </summary>
/// <param name="From">The leader.</param>
/// <param name="To">The follower.</param>
/// <param name="Term">The leader's term.</param>
/// <param name="Previous">The entry right before the first one carried.</param>
/// <param name="LastIndex">Index of the last entry carried; equal to <c>Previous.Index</c> when none is.</param>
/// <param name="Commit">The leader's commit index.</param>
public sealed record AppendRequest(MemberId From, MemberId To, long Term, LogPosition Previous, long LastIndex, long Commit)
    : Message(From, To, Term)
{
    /// <summary>The entries from <c>Previous.Index + 1</c> to <see cref="LastIndex"/>.</summary>
    public IReadOnlyList<Entry> Entries { get; init; } = [];

    /// <summary>
    /// The follower is a witness: <see cref="Entries"/> are without what they say, but for configurations. Set by the core, so that whoever fills in the entries need not
    /// know who is what, and checked by the follower. Default false.
    /// </summary>
    public bool ForWitness { get; init; }

    /// <summary>What the leader wants to hear besides. Set by whoever sends the message; default nothing.</summary>
    public AppendReports Reports { get; init; }
}

/// <summary>Answer to an append that was accepted.</summary>
/// <param name="From">The follower.</param>
/// <param name="To">The leader.</param>
/// <param name="Term">The follower's term.</param>
/// <param name="Match">Last index now known to equal the leader's, and durable.</param>
public sealed record AppendAccepted(MemberId From, MemberId To, long Term, long Match) : Message(From, To, Term);

/// <summary>Answer to an append whose previous entry did not match.</summary>
/// <param name="From">The follower.</param>
/// <param name="To">The leader.</param>
/// <param name="Term">The follower's term.</param>
/// <param name="RejectedIndex">The previous index that did not match.</param>
/// <param name="Hint">The furthest position at which the follower's log may still match; skips whole terms at a time.</param>
public sealed record AppendRejected(MemberId From, MemberId To, long Term, long RejectedIndex, LogPosition Hint) : Message(From, To, Term);
