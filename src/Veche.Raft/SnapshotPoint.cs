namespace Veche.Raft;

/// <summary>Where a snapshot of the state machine stands: everything the log needs to start after it.</summary>
/// <param name="Position">Last entry the snapshot includes.</param>
/// <param name="Configuration">The configuration in force at that position.</param>
public sealed record SnapshotPoint(LogPosition Position, Configuration Configuration);
