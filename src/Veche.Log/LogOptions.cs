using Veche.Raft;

namespace Veche.Log;

/// <summary>Whose files these are. Written into every file, so that those of another member or cluster are never taken for one's own.</summary>
/// <param name="ClusterId">The cluster.</param>
/// <param name="MemberId">The member.</param>
public readonly record struct LogIdentity(ulong ClusterId, MemberId MemberId)
{
    /// <inheritdoc/>
    public override string ToString() => $"member {MemberId} of cluster {ClusterId:x}";
}

/// <summary>How to open a log.</summary>
public sealed record LogOptions
{
    /// <summary>Smallest <see cref="SegmentBytes"/>.</summary>
    public const long MinSegmentBytes = 8 << 10;

    /// <summary>Largest <see cref="SegmentBytes"/>.</summary>
    public const long MaxSegmentBytes = 1 << 30;

    /// <summary>Whose log it is.</summary>
    public required LogIdentity Identity { get; init; }

    /// <summary>Size of a segment, in bytes. Default 64 MiB, 8 KiB to 1 GiB. A write that is larger gets a segment of its own.</summary>
    public long SegmentBytes { get; init; } = 64 << 20;

    /// <summary>Where a new log begins, and with which members. Not looked at when the log exists.</summary>
    public required SnapshotPoint InitialBase { get; init; }
}

/// <summary>A log that was opened, and what it holds.</summary>
/// <param name="Log">The log, ready for writing.</param>
/// <param name="Start">What the protocol starts from.</param>
/// <param name="TornTailBytesCut">Bytes of a write that a crash interrupted and that were cut off; 0 when there were none. Nothing in them was ever acknowledged.</param>
public sealed record LogRecovery(WriteAheadLog Log, RaftStart Start, long TornTailBytesCut)
{
    /// <summary>Name of the segment that is written next, and where in it: behind that there are only zeros, durably.</summary>
    public (string Name, long Offset) End { get; init; }
}
