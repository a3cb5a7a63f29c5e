namespace Veche.Raft;

/// <summary>What a member is doing in its term.</summary>
public enum Role
{
    /// <summary>Follows a leader, or waits for one.</summary>
    Follower,

    /// <summary>Asks whether it could win, without raising its term (thesis §9.6).</summary>
    PreCandidate,

    /// <summary>Asks for votes in a new term (Raft §5.2).</summary>
    Candidate,

    /// <summary>Leads its term.</summary>
    Leader,
}
