namespace Veche.Exploration;

/// <summary>What can happen next. A scenario bounds how often; finished writes are not bounded, and of deliveries at most those of appends.</summary>
public enum MoveKind
{
    /// <summary>A message arrives, for the first time or again.</summary>
    Deliver,

    /// <summary>The oldest write that is under way becomes durable.</summary>
    Persist,

    /// <summary>An election timeout ends at a member that does not lead.</summary>
    TimeOut,

    /// <summary>A leader sends heartbeats.</summary>
    Heartbeat,

    /// <summary>A leader looks back over an election timeout: does a quorum still answer? Deadlines of transfers pass as well.</summary>
    CheckQuorum,

    /// <summary>A follower has not heard its leader for an election timeout and does not campaign itself yet.</summary>
    Silence,

    /// <summary>Power is lost and comes back: a member forgets what was not durable, but for some of the oldest writes that were under way.</summary>
    Crash,

    /// <summary>A client proposes a command to a leader.</summary>
    Propose,

    /// <summary>A client asks a member for a linearizable read.</summary>
    Read,

    /// <summary>A leader is asked for the next of the scenario's changes of the configuration.</summary>
    Change,

    /// <summary>A leader is asked to hand over to a member.</summary>
    Transfer,
}

/// <summary>One thing that happens to one member.</summary>
/// <param name="Kind">What.</param>
/// <param name="Member">Place of the member, from 0.</param>
/// <param name="Argument">By kind: number of the message, of the writes that survive a crash, of the command, the read or the change, or the place of the member that shall lead.</param>
internal readonly record struct Move(MoveKind Kind, int Member, int Argument)
{
    public const int MaxArgument = (1 << 24) - 1;

    public uint Packed => ((uint)Kind << 28) | ((uint)Member << 24) | (uint)Argument;

    /// <summary>The part that a member's answer depends on.</summary>
    public int Input => ((int)Kind << 24) | Argument;

    public static Move Unpack(uint packed) => new((MoveKind)(packed >> 28), (int)(packed >> 24) & 15, (int)(packed & MaxArgument));
}
