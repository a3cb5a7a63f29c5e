namespace Veche.Simulation.Tracing;

/// <summary>What a trace event is about.</summary>
public enum TraceKind : byte
{
    /// <summary>Something else happened to a member, or to the world; the text says what.</summary>
    Note,

    /// <summary>A member's process starts.</summary>
    Start,

    /// <summary>A member's process ends: killed, without power, by itself, or for good.</summary>
    Stop,

    /// <summary>A member's process is stopped in its tracks.</summary>
    Pause,

    /// <summary>A paused process goes on.</summary>
    Resume,

    /// <summary>A member has another role, term or leader.</summary>
    Role,

    /// <summary>A member's commit or applied index has moved.</summary>
    Progress,

    /// <summary>A message was sent.</summary>
    Message,

    /// <summary>A client's operation has ended, or was given up.</summary>
    Operation,

    /// <summary>Something was broken, at once or for a while.</summary>
    Fault,

    /// <summary>What a <see cref="Fault"/> broke for a while works again.</summary>
    Mend,

    /// <summary>The faults are over: what follows is asked to make progress.</summary>
    Recovery,

    /// <summary>A promise was broken.</summary>
    Violation,
}

/// <summary>What a member is at some moment.</summary>
public enum TraceRole : byte
{
    /// <summary>Not a member's event, or not known.</summary>
    None,

    /// <summary>It follows.</summary>
    Follower,

    /// <summary>It asks whether it could win an election.</summary>
    PreCandidate,

    /// <summary>It asks for votes.</summary>
    Candidate,

    /// <summary>It leads.</summary>
    Leader,

    /// <summary>It is told everything and does not count.</summary>
    Learner,

    /// <summary>Its process is stopped in its tracks.</summary>
    Paused,

    /// <summary>It does not run.</summary>
    Down,

    /// <summary>Its disk is lost or damaged beyond use.</summary>
    Ruined,

    /// <summary>It has left the cluster.</summary>
    Retired,
}

/// <summary>What a message is.</summary>
public enum TraceMessage : byte
{
    /// <summary>Not a message.</summary>
    None,

    /// <summary>Entries of a leader, or the answer.</summary>
    Append,

    /// <summary>A leader's heartbeat, or the answer.</summary>
    Heartbeat,

    /// <summary>A request for a vote or a pre-vote, the answer, or the advice to campaign at once.</summary>
    Vote,

    /// <summary>A question for a read index, or the answer.</summary>
    Read,

    /// <summary>Commands on their way to the leader, or their refusal.</summary>
    Forward,

    /// <summary>A snapshot.</summary>
    Snapshot,

    /// <summary>A question about a lease, or the answer.</summary>
    Lease,

    /// <summary>A client's request.</summary>
    Request,

    /// <summary>The answer to a client.</summary>
    Reply,
}
