namespace Veche.Raft;

/// <summary>RequestVote (Raft §5.2), or the question before it (thesis §9.6).</summary>
/// <param name="From">The candidate.</param>
/// <param name="To">The voter.</param>
/// <param name="Term">The term campaigned for; for a pre-vote, the one that would be.</param>
/// <param name="Last">Last entry of the candidate's log.</param>
/// <param name="PreVote">Only ask: nothing is promised by an answer.</param>
/// <param name="LeaderTransfer">The leader itself asked for this campaign: followers that still hear from it do not hold back (thesis §3.10).</param>
public sealed record VoteRequest(MemberId From, MemberId To, long Term, LogPosition Last, bool PreVote, bool LeaderTransfer) : Message(From, To, Term);

/// <summary>Answer to a vote request.</summary>
/// <param name="From">The voter.</param>
/// <param name="To">The candidate.</param>
/// <param name="Term">For a granted pre-vote the term that was asked about; otherwise the voter's term.</param>
/// <param name="Granted">Yes or no.</param>
/// <param name="PreVote">Answers a pre-vote.</param>
public sealed record VoteReply(MemberId From, MemberId To, long Term, bool Granted, bool PreVote) : Message(From, To, Term);

/// <summary>Campaign at once: the leader hands over (thesis §3.10).</summary>
/// <param name="From">The leader.</param>
/// <param name="To">Who shall lead next.</param>
/// <param name="Term">The leader's term.</param>
public sealed record TimeoutNow(MemberId From, MemberId To, long Term) : Message(From, To, Term);
