namespace Veche.Raft;

/// <summary>What is ill about a member, by progress that was measured and did not come.</summary>
[Flags]
public enum Ailments
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A write has been handed to the log and has not become durable for longer than <see cref="RaftOptions.StallBoundMs"/>.</summary>
    Disk = 1,

    /// <summary>The state machine has been busy with committed entries for longer than that without finishing them.</summary>
    Apply = 2,

    /// <summary>Three ticks in a row came later than they were due by half an election timeout and more: the member does not get to run.</summary>
    Loop = 4,

    /// <summary>The member's state is damaged or differs from the others', and is being replaced (<see cref="RaftInput.StateTrusted"/>). Such a member campaigns only when nobody else has been elected for long, and hands over to the first that has everything.</summary>
    State = 8,
}
