namespace Veche.Raft;

/// <summary>
/// Everything a member wants done after one step, in one place. Reused: the caller clears it before each step.
/// The order of doing: hand <see cref="Write"/> to the log; send each message once its <see cref="Outgoing.AfterWrite"/> is durable; the rest at once.
/// </summary>
public sealed class RaftOutput
{
    /// <summary>The write to make durable, or null. At most one a step.</summary>
    public LogWrite? Write { get; set; }

    /// <summary>Messages to send.</summary>
    public List<Outgoing> Messages { get; } = [];

    /// <summary>Followers that need a snapshot, because the entries they lack are gone from the log.</summary>
    public List<MemberId> SnapshotsNeeded { get; } = [];

    /// <summary>Set when a received snapshot was accepted: the state machine must be replaced by it. <see cref="Write"/> resets the log in the same step.</summary>
    public SnapshotPoint? InstallSnapshot { get; set; }

    /// <summary>Reads that were answered in this step, granted or refused.</summary>
    public List<ReadOutcome> Reads { get; } = [];

    /// <summary>What became of the step's proposal, transfer or configuration change; <see cref="Refusal.None"/> when it was accepted or the step was something else.</summary>
    public Refusal Refusal { get; set; }

    /// <summary>For an accepted <see cref="RaftInput.Propose"/>: index of its first entry; its term is the member's current one. Otherwise 0.</summary>
    public long FirstProposedIndex { get; set; }

    /// <summary>The configuration in force changed (by append, rollback or snapshot).</summary>
    public bool ConfigurationChanged { get; set; }

    /// <summary>Role, term or known leader changed.</summary>
    public bool LeadershipChanged { get; set; }

    /// <summary>A member that had lost its log (<see cref="RaftStart.LostThroughTerm"/>) holds again whatever it may have promised, and votes from now on. That may be forgotten: it would show again.</summary>
    public bool Recovered { get; set; }

    /// <summary>When to hand in the next <see cref="RaftInput.Tick"/>, in the caller's nanoseconds. <see cref="long.MaxValue"/> when nothing is awaited.</summary>
    public long DeadlineNs { get; set; } = long.MaxValue;

    /// <summary>Empties it for the next step.</summary>
    public void Clear()
    {
        Write = null;
        Messages.Clear();
        SnapshotsNeeded.Clear();
        InstallSnapshot = null;
        Reads.Clear();
        Refusal = Refusal.None;
        FirstProposedIndex = 0;
        ConfigurationChanged = false;
        LeadershipChanged = false;
        Recovered = false;
        DeadlineNs = long.MaxValue;
    }
}

/// <summary>A message and the write that must be durable before it may leave.</summary>
/// <param name="Message">What to send.</param>
/// <param name="AfterWrite">Number of the write that must be durable first; 0 when it may leave at once.</param>
public readonly record struct Outgoing(Message Message, long AfterWrite);

/// <summary>What became of a linearizable read.</summary>
/// <param name="ReadId">The id it was asked with.</param>
/// <param name="Index">The index that must be applied before the state machine is read; 0 when refused.</param>
/// <param name="Refusal"><see cref="Refusal.None"/> when granted.</param>
public readonly record struct ReadOutcome(long ReadId, long Index, Refusal Refusal);

/// <summary>Why the core did not do what it was asked.</summary>
public enum Refusal
{
    /// <summary>It did.</summary>
    None,

    /// <summary>Only a leader can, and this member is not one (see <c>RaftCore.Leader</c> for who is).</summary>
    NotLeader,

    /// <summary>The leader changed before a read was confirmed: ask again with a new id.</summary>
    LeaderChanged,

    /// <summary>Leadership is being handed over.</summary>
    TransferInProgress,

    /// <summary>Too many bytes wait to be committed.</summary>
    TooManyUncommittedBytes,

    /// <summary>Another configuration change is under way, or no entry of this term has committed yet.</summary>
    ConfigurationBusy,

    /// <summary>The change would not leave a configuration that can work, or asks for something impossible.</summary>
    ConfigurationInvalid,

    /// <summary>The transferee is unknown, not a voter, or this member.</summary>
    BadTransferee,
}
