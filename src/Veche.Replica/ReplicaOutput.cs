using Veche.Raft;

namespace Veche.Replica;

/// <summary>
/// What a replica wants done. It gathers over any number of steps; whoever runs the replica does all of it, then clears it.
/// Nothing in it may be done before the writes of earlier outputs were handed to the log.
/// </summary>
public sealed class ReplicaOutput
{
    /// <summary>Writes for the log, in order. Answer the last durable one with <see cref="ReplicaInput.Persisted"/>.</summary>
    public List<LogWrite> Writes { get; } = [];

    /// <summary>What some of <see cref="Writes"/> remove from the log although it was never applied. To be kept before the write is carried out.</summary>
    public List<Rollback> Rollbacks { get; } = [];

    /// <summary>Messages to send, in order for each receiver. They may be lost, but not repeated by the sender.</summary>
    public List<PeerMessage> Sends { get; } = [];

    /// <summary>Entries to apply, or null. Answer with <see cref="ReplicaInput.Applied"/>; the next come after that.</summary>
    public List<Entry>? Apply { get; set; }

    /// <summary>Entries to read back from the log. Answer each with <see cref="ReplicaInput.LogReadDone"/>.</summary>
    public List<LogRead> LogReads { get; } = [];

    /// <summary>Members to send a snapshot to, in this term. Answer each with <see cref="ReplicaInput.SnapshotSending"/> and then <see cref="ReplicaInput.SnapshotSent"/>.</summary>
    public List<SnapshotSend> SnapshotSends { get; } = [];

    /// <summary>A snapshot to restore the state machine from, or null. Answer with <see cref="ReplicaInput.Installed"/>.</summary>
    public SnapshotPoint? Install { get; set; }

    /// <summary>Flush the state machine, or write it to a snapshot file when it lives in memory. Answer with <see cref="ReplicaInput.StateSaved"/>.</summary>
    public bool SaveState { get; set; }

    /// <summary>Drop log entries up to here, or null. Needs no answer.</summary>
    public SnapshotPoint? Compact { get; set; }

    /// <summary>Reads that may now be served from the state machine.</summary>
    public List<long> ReadyReads { get; } = [];

    /// <summary>Submissions that will not be proposed.</summary>
    public List<RefusedSubmission> Refused { get; } = [];

    /// <summary>Submissions that have reached their rules. To be answered after <see cref="Writes"/> were handed to the log.</summary>
    public List<AcknowledgedSubmission> Acknowledged { get; } = [];

    /// <summary>Transfers and configuration changes that have ended.</summary>
    public List<AdministrationOutcome> Administration { get; } = [];

    /// <summary>Role, term or leader changed.</summary>
    public bool LeadershipChanged { get; set; }

    /// <summary>The configuration in force changed.</summary>
    public bool ConfigurationChanged { get; set; }

    /// <summary>See <see cref="RaftOutput.Recovered"/>: the record of the loss may go.</summary>
    public bool Recovered { get; set; }

    /// <summary>When to hand in the next tick. Holds the latest word; not cleared.</summary>
    public long DeadlineNs { get; set; } = long.MaxValue;

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        Writes.Clear();
        Rollbacks.Clear();
        Sends.Clear();
        Apply = null;
        LogReads.Clear();
        SnapshotSends.Clear();
        Install = null;
        SaveState = false;
        Compact = null;
        ReadyReads.Clear();
        Refused.Clear();
        Acknowledged.Clear();
        Administration.Clear();
        LeadershipChanged = false;
        ConfigurationChanged = false;
        Recovered = false;
    }
}

/// <summary>Entries that are wanted back from the log.</summary>
/// <param name="FirstIndex">First.</param>
/// <param name="LastIndex">Last.</param>
/// <param name="MaxBytes">Stop before more bytes than this, but return at least one entry.</param>
/// <param name="For">The follower they are for, or nobody when they are to be applied.</param>
public sealed record LogRead(long FirstIndex, long LastIndex, long MaxBytes, MemberId For);

/// <summary>A follower that needs a snapshot.</summary>
/// <param name="To">Who.</param>
/// <param name="Term">The term in which this member leads; travels with the snapshot.</param>
/// <param name="ForWitness">It is a witness, and gets <see cref="IStateMachine.CaptureForWitness"/>.</param>
public readonly record struct SnapshotSend(MemberId To, long Term, bool ForWitness);

/// <summary>How a transfer or configuration change ended.</summary>
/// <param name="Token">Which.</param>
/// <param name="Refusal"><see cref="Refusal.None"/> when it is done.</param>
/// <param name="OutcomeUnknown">True when it was begun and leadership was lost on the way: nobody knows yet whether it will happen.</param>
public readonly record struct AdministrationOutcome(long Token, Refusal Refusal, bool OutcomeUnknown);
