namespace Veche.Raft;

/// <summary>What members say to each other. A closed set: every kind is in this folder's <c>Messages</c>.</summary>
/// <param name="From">Sender.</param>
/// <param name="To">Receiver.</param>
/// <param name="Term">The sender's term; for a pre-vote request, the term it would campaign in.</param>
public abstract record Message(MemberId From, MemberId To, long Term);
