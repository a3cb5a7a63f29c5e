namespace Veche.Raft;

/// <summary>What a leader wants to hear of a follower besides what the protocol needs, because somebody waits for it. Nothing in the protocol rests on the answers.</summary>
[Flags]
public enum AppendReports : byte
{
    /// <summary>Nothing: the usual case, which costs nothing.</summary>
    None = 0,

    /// <summary>That the entries have arrived, before they are durable (<see cref="AppendReceived"/>).</summary>
    Received = 1,

    /// <summary>That the entries have been applied, once they are.</summary>
    Applied = 2,
}

/// <summary>
/// Word that entries have arrived, before they are durable. It promises nothing: a member that crashes may have forgotten them. So it never counts
/// towards a commit, and only tells the leader what a majority has in memory.
/// </summary>
/// <param name="From">The follower.</param>
/// <param name="To">The leader.</param>
/// <param name="Term">The follower's term.</param>
/// <param name="Match">Last index now known to equal the leader's, durable or not.</param>
public sealed record AppendReceived(MemberId From, MemberId To, long Term, long Match) : Message(From, To, Term);
