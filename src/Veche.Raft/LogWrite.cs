namespace Veche.Raft;

/// <summary>
/// One write to the log, in the one order of writes that term, vote and entries share.
/// Its parts take effect in this order: <see cref="Reset"/>, <see cref="HardState"/>, <see cref="KeepThrough"/>, <see cref="Entries"/>.
/// </summary>
public sealed record LogWrite
{
    /// <summary>Number of this write: 1, 2, 3, …, without gaps since the member started. A write is durable only when all before it are.</summary>
    public required long WriteId { get; init; }

    /// <summary>Throw the whole log away and start after this snapshot (it has already been made durable as a file).</summary>
    public SnapshotPoint? Reset { get; init; }

    /// <summary>New term and vote, or null when they did not change.</summary>
    public HardState? HardState { get; init; }

    /// <summary>Remove every entry after this index before appending (a conflict, Raft §5.3); null when nothing conflicts.</summary>
    public long? KeepThrough { get; init; }

    /// <summary>Entries to append, consecutive, the first right after the last one kept.</summary>
    public IReadOnlyList<Entry> Entries { get; init; } = [];
}
