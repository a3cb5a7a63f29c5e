namespace Veche.Raft;

/// <summary>What a member's log holds when it starts: everything the protocol remembers across a crash.</summary>
public sealed record RaftStart
{
    /// <summary>Term and vote; the default for a new member.</summary>
    public HardState HardState { get; init; }

    /// <summary>Where the log begins: the position of the last entry that is gone from it, and the configuration there. For a founding member <see cref="LogPosition.Zero"/> and the first members; for one that joins, no members.</summary>
    public required SnapshotPoint Base { get; init; }

    /// <summary>The entries after <see cref="Base"/>, consecutive, without their payloads.</summary>
    public IReadOnlyList<EntrySummary> Entries { get; init; } = [];

    /// <summary>An index known to be committed, because the state machine has applied it. Default 0; raised to that of <see cref="Base"/>.</summary>
    public long CommittedIndex { get; init; }

    /// <summary>
    /// For a member that lost its log but not its term and vote: the last term in which it may have promised to hold what it no longer holds; the term of
    /// <see cref="HardState"/> must be later. It neither votes nor campaigns until an entry of a later term is durable here. Default null: nothing was lost.
    /// </summary>
    public long? LostThroughTerm { get; init; }
}

/// <summary>What the protocol keeps of an entry; its payload stays in the log.</summary>
/// <param name="Index">Position in the log.</param>
/// <param name="Term">Term of the leader that appended it.</param>
/// <param name="SizeBytes">As <see cref="Entry.SizeBytes"/>.</param>
/// <param name="Configuration">For an entry that changes the configuration, the one it brings; otherwise null.</param>
public readonly record struct EntrySummary(long Index, long Term, int SizeBytes, Configuration? Configuration = null);
