using Veche.Raft;

namespace Veche.Replica;

/// <summary>What can happen to a replica. A closed set: exactly the records nested here.</summary>
public abstract record ReplicaInput
{
    private ReplicaInput()
    {
    }

    /// <summary>Time has passed; hand it in when <see cref="ReplicaOutput.DeadlineNs"/> is reached. Earlier or later is safe.</summary>
    public sealed record Tick : ReplicaInput
    {
        /// <summary>The only one needed.</summary>
        public static readonly Tick Instance = new();
    }

    /// <summary>Commands from this member's own clients. The list is not kept.</summary>
    public sealed record Submit(IReadOnlyList<Submission> Submissions) : ReplicaInput;

    /// <summary>A message from another member.</summary>
    public sealed record Received(PeerMessage Message) : ReplicaInput;

    /// <summary>All log writes up to this one are durable.</summary>
    public sealed record Persisted(long WriteId) : ReplicaInput;

    /// <summary>The entries of the last <see cref="ReplicaOutput.Apply"/> have been applied.</summary>
    public sealed record Applied(LogPosition Through) : ReplicaInput;

    /// <summary>Tell when this member's state machine may serve a linearizable read. Ids are chosen by the caller and never repeat.</summary>
    /// <param name="ReadId">Which.</param>
    /// <param name="AllowLease">The leader may answer from its lease, without asking a quorum; only where <see cref="RaftOptions.LeaseClockDriftBoundMs"/> is set. Default false.</param>
    /// <param name="MaxEntriesBehind">The state machine may lack this many entries of what the leader confirmed. Default 0.</param>
    public sealed record Read(long ReadId, bool AllowLease = false, long MaxEntriesBehind = 0) : ReplicaInput;

    /// <summary>A <see cref="LogRead"/> is done.</summary>
    /// <param name="Request">What was asked.</param>
    /// <param name="Entries">The entries, a prefix of what was asked; empty when the log no longer has the first.</param>
    public sealed record LogReadDone(LogRead Request, IReadOnlyList<Entry> Entries) : ReplicaInput;

    /// <summary>Hand leadership over, to the best voter when <paramref name="To"/> is nobody.</summary>
    public sealed record Transfer(long Token, MemberId To) : ReplicaInput;

    /// <summary>Change the configuration.</summary>
    public sealed record Reconfigure(long Token, ConfigurationChange Change) : ReplicaInput;

    /// <summary>Campaign at once.</summary>
    public sealed record Campaign : ReplicaInput;

    /// <summary>The connection to this member broke; messages were lost.</summary>
    public sealed record Unreachable(MemberId Member) : ReplicaInput;

    /// <summary>The state machine has been flushed (or written to a snapshot file) and survives a crash up to this index. An index of 0 says that it failed and changes nothing.</summary>
    public sealed record StateSaved(long DurableIndex) : ReplicaInput;

    /// <summary>Whoever reads the log from outside (<see cref="ReplicaOptions.LogIsRead"/>) has kept all applied entries up to an index, and needs them no more.</summary>
    public sealed record LogTaken(long ThroughIndex) : ReplicaInput;

    /// <summary>A snapshot asked for by <see cref="ReplicaOutput.SnapshotSends"/> now stands at this index, and is being sent.</summary>
    public sealed record SnapshotSending(MemberId To, long Index) : ReplicaInput;

    /// <summary>Sending a snapshot has ended.</summary>
    public sealed record SnapshotSent(MemberId To, bool Delivered, long Index) : ReplicaInput;

    /// <summary>A snapshot has arrived whole, was verified and is durable as a file.</summary>
    public sealed record SnapshotReceived(MemberId From, long Term, SnapshotPoint Point) : ReplicaInput;

    /// <summary>The state machine's state is not to be trusted (it is damaged, or differs from what the others have): nothing is applied to it any more, it is replaced by another member's, and this member does not lead.</summary>
    /// <param name="IsReplaced">It has been replaced already, and only has still to be verified.</param>
    public sealed record StateDistrusted(bool IsReplaced) : ReplicaInput;

    /// <summary>The state that came from another member was found to be right. Does nothing unless <see cref="Replica.Trust"/> is <see cref="StateTrust.Verifying"/>.</summary>
    public sealed record StateVerified : ReplicaInput;

    /// <summary>The state machine has been restored from the snapshot of <see cref="ReplicaOutput.Install"/>.</summary>
    public sealed record Installed(SnapshotPoint Point) : ReplicaInput;
}
