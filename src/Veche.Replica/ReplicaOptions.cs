using Veche.Raft;

namespace Veche.Replica;

/// <summary>Settings of one member. All have defaults but <see cref="Raft"/>.</summary>
public sealed record ReplicaOptions
{
    /// <summary>Settings of the protocol.</summary>
    public required RaftOptions Raft { get; init; }

    /// <summary>Which commands a witness gets whole (<see cref="IStateMachine.IsForWitnesses"/>). Default null: none.</summary>
    public Func<ReadOnlyMemory<byte>, bool>? IsForWitnesses { get; init; }

    /// <summary>Most commands put into the log by one write. Default 1024, at least 1.</summary>
    public int MaxCommandsPerWrite { get; init; } = 1024;

    /// <summary>Most bytes of commands put into the log by one write (one command is always allowed). Default 4 MiB.</summary>
    public int MaxBytesPerWrite { get; init; } = 4 << 20;

    /// <summary>
    /// How many writes of proposals a leader has under way before the next commands wait and gather. Default 1: the next batch
    /// gathers exactly while the disk syncs the last, which is a linger that costs an idle system nothing. At least 1.
    /// </summary>
    public int MaxProposalWritesInFlight { get; init; } = 1;

    /// <summary>
    /// The same for commands that are to be acknowledged from memory (<see cref="AckStage.Received"/>): whoever asked not to wait for a disk should not
    /// wait for the sync of the batch before either. Default 64, at least 1.
    /// </summary>
    public int MaxUnsyncedProposalWritesInFlight { get; init; } = 64;

    /// <summary>Most entries that a leader watches over for the sake of their <see cref="AckRule"/>; beyond that the oldest are not acknowledged any more. Default 65,536, at least 1.</summary>
    public int MaxPendingAcknowledgements { get; init; } = 65_536;

    /// <summary>Most bytes of commands waiting at this member (for a leader, or for the log) before more are refused. Default 64 MiB.</summary>
    public long MaxWaitingBytes { get; init; } = 64 << 20;

    /// <summary>
    /// Most commands waiting at this member (for a leader, or for the log) before more are refused: whoever is refused knows at once, and who waits does not wait long.
    /// Default 32,768, at least 1.
    /// </summary>
    public int MaxWaitingCommands { get; init; } = 32 << 10;

    /// <summary>Most entries handed to the state machine at once. Default 1024, at least 1.</summary>
    public int MaxEntriesPerApply { get; init; } = 1024;

    /// <summary>Most bytes handed to the state machine at once (one entry is always allowed). Default 8 MiB.</summary>
    public int MaxBytesPerApply { get; init; } = 8 << 20;

    /// <summary>Bytes of recent entries kept in memory for followers and for the state machine. Default 16 MiB.</summary>
    public long EntryCacheBytes { get; init; } = 16 << 20;

    /// <summary>A linearizable read that was not answered is asked again, under a new id, after this. Default 500 ms.</summary>
    public int ReadRetryMs { get; init; } = 500;

    /// <summary>Entries applied since the last snapshot (or flush) after which the next is taken and the log compacted. Default 100,000, as etcd's <c>--snapshot-count</c>.</summary>
    public long SnapshotEntries { get; init; } = 100_000;

    /// <summary>Bytes of log entries after which a snapshot (or flush) is taken whatever their number. Default 64 MiB.</summary>
    public long SnapshotBytes { get; init; } = 64 << 20;

    /// <summary>Somebody outside reads the log: entries are dropped only once they have been taken (<see cref="ReplicaInput.LogTaken"/>). Default false.</summary>
    public bool LogIsRead { get; init; }

    /// <summary>Entries kept in the log behind a snapshot, so that a slow follower rarely needs one. Default 5,000.</summary>
    public long TrailingEntries { get; init; } = 5_000;

    /// <summary>
    /// Most bytes of entries kept in the log behind a snapshot: a log is read when a member starts, so large entries must not make it long. Default 32 MiB, at least 0.
    /// </summary>
    public long TrailingBytes { get; init; } = 32 << 20;

    /// <summary>True when the state machine survives a crash by itself (see <see cref="IStateMachine.DurableIndex"/>): it is flushed instead of written to a snapshot file.</summary>
    public bool StateIsDurable { get; init; }
}
