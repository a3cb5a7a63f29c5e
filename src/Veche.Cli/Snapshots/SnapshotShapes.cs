namespace Veche.Cli.Snapshots;

/// <summary>Where a snapshot was saved, as JSON.</summary>
internal sealed record SavedShape(string Saved);

/// <summary>What a snapshot holds, as JSON; the names are etcdctl's.</summary>
internal sealed record SnapshotShape(uint Hash, long Revision, long TotalKey, long TotalSize);
