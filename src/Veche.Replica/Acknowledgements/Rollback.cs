using Veche.Raft;

namespace Veche.Replica;

/// <summary>Whether a write that is rolled back had been acknowledged to whoever made it.</summary>
public enum Acknowledgement
{
    /// <summary>This member cannot know: another led when it was proposed, or this process has been started since.</summary>
    Unknown,

    /// <summary>No.</summary>
    No,

    /// <summary>Yes, by a rule weaker than a commit.</summary>
    Yes,
}

/// <summary>
/// Entries that this member is about to remove from its log without having applied them. They are still in the log when this is handed out, and must be
/// kept elsewhere before the write that removes them is carried out.
/// </summary>
/// <param name="WriteId">The <see cref="LogWrite"/> that removes them.</param>
/// <param name="FirstIndex">First.</param>
/// <param name="LastIndex">Last.</param>
/// <param name="Snapshot">The snapshot that takes the place of the log, or null when entries of another leader do.</param>
public sealed record Rollback(long WriteId, long FirstIndex, long LastIndex, LogPosition? Snapshot)
{
    /// <summary>Those of them that this member, leading, had acknowledged.</summary>
    public required IReadOnlySet<long> Acknowledged { get; init; }

    /// <summary>Terms in which this process led, as far as they matter.</summary>
    public required IReadOnlySet<long> LedTerms { get; init; }

    /// <summary>
    /// Whether an entry is rolled back for all this member knows. One that the snapshot holds is not: a leader never changes its log, so
    /// what is of the same term as the snapshot's last entry, and not after it, is before that entry in every log that has it.
    /// </summary>
    public bool Includes(LogPosition entry) => Snapshot is not { } snapshot || entry.Term != snapshot.Term || entry.Index > snapshot.Index;

    /// <summary>
    /// Whether an entry is certain not to be in the log that takes the place of this one. One of a term before the snapshot's, at an index that the
    /// snapshot covers, may be in it: the snapshot does not say.
    /// </summary>
    public bool IsCertain(LogPosition entry) => Snapshot is not { } snapshot || entry.Index > snapshot.Index || entry.Term > snapshot.Term;

    /// <summary>Whether it had been acknowledged by a rule, as far as this member knows.</summary>
    public Acknowledgement AcknowledgementOf(LogPosition entry) =>
        Acknowledged.Contains(entry.Index) ? Acknowledgement.Yes : LedTerms.Contains(entry.Term) ? Acknowledgement.No : Acknowledgement.Unknown;
}
