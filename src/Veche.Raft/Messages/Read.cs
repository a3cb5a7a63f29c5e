namespace Veche.Raft;

/// <summary>A follower asks its leader for a read index (thesis §6.4).</summary>
/// <param name="From">The follower.</param>
/// <param name="To">The leader.</param>
/// <param name="Term">The follower's term.</param>
/// <param name="ReadId">The follower's own id for the read.</param>
/// <param name="AllowLease">The leader may answer from its lease (thesis §6.4.1), without asking a quorum. Default false.</param>
public sealed record ReadIndexRequest(MemberId From, MemberId To, long Term, long ReadId, bool AllowLease = false) : Message(From, To, Term);

/// <summary>The leader's answer, after a quorum has confirmed that it still led when the question came.</summary>
/// <param name="From">The leader.</param>
/// <param name="To">The follower.</param>
/// <param name="Term">The leader's term.</param>
/// <param name="ReadId">The follower's id for the read.</param>
/// <param name="Index">To be applied before the read is served; 0 when refused.</param>
/// <param name="Refused">The receiver of the question does not lead.</param>
public sealed record ReadIndexReply(MemberId From, MemberId To, long Term, long ReadId, long Index, bool Refused) : Message(From, To, Term);
