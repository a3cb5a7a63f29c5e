using Veche.Raft;

namespace Veche.Log;

/// <summary>
/// The snapshot files of a member. A file has its name only when it is whole and durable: it is written under another one, synced,
/// and renamed. Safe to use from several threads.
/// </summary>
public sealed class SnapshotStore
{
    private readonly IDisk _disk;
    private readonly LogIdentity _identity;
    private long _lastTemporary;

    private SnapshotStore(IDisk disk, LogIdentity identity)
    {
        _disk = disk;
        _identity = identity;
    }

    /// <summary>Opens the snapshots of a directory and removes what a crash has left half done.</summary>
    public static SnapshotStore Open(IDisk disk, LogIdentity identity)
    {
        foreach (string name in disk.List())
        {
            if (name.EndsWith(SnapshotFormat.TemporarySuffix, StringComparison.Ordinal))
            {
                disk.Delete(name);
            }
        }

        // A name that is seen may not be durable yet: the process that gave it may have been killed in between.
        disk.SyncDirectory();

        return new SnapshotStore(disk, identity);
    }

    /// <summary>Where the snapshots stand, newest first.</summary>
    /// <exception cref="LogOpenException">One is of another member or a later version, or its head is damaged.</exception>
    public IReadOnlyList<SnapshotPoint> List()
    {
        List<SnapshotPoint> points = [];
        foreach (string name in _disk.List())
        {
            if (SnapshotFormat.TryParse(name, out LogPosition position))
            {
                using IDiskFile file = _disk.Open(name);
                SnapshotPoint point = SnapshotFormat.ReadHead(file, name, _identity).Point;
                if (point.Position != position)
                {
                    throw new LogDamagedException($"snapshot {name} says it stands at {point.Position}.", "Remove this member and add it anew with an empty directory.");
                }

                points.Add(point);
            }
        }

        points.Sort(static (left, right) => right.Position.Index.CompareTo(left.Position.Index));
        return points;
    }

    /// <summary>Begins a snapshot. It exists once <see cref="SnapshotWriter.Commit"/> has returned.</summary>
    public SnapshotWriter Begin(SnapshotPoint point)
    {
        string name = SnapshotFormat.NameOf(point.Position);
        string temporary = $"{name}.{Interlocked.Increment(ref _lastTemporary)}{SnapshotFormat.TemporarySuffix}";
        return new SnapshotWriter(_disk, temporary, name, SnapshotFormat.EncodeHead(_identity, point));
    }

    /// <summary>Opens a snapshot for reading. Every block is checked before its bytes are handed out.</summary>
    /// <exception cref="FileNotFoundException">There is none at this position.</exception>
    /// <exception cref="InvalidDataException">Thrown by the stream when a block is damaged or missing.</exception>
    public Stream OpenRead(LogPosition position)
    {
        string name = SnapshotFormat.NameOf(position);
        if (!_disk.Exists(name))
        {
            throw new FileNotFoundException($"There is no snapshot at {position}.", name);
        }

        IDiskFile file = _disk.Open(name);
        try
        {
            return new SnapshotReader(file, name, SnapshotFormat.ReadHead(file, name, _identity).BlocksOffset);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Removes the snapshots before a position.</summary>
    public void DeleteOlderThan(LogPosition position)
    {
        bool removed = false;
        foreach (string name in _disk.List())
        {
            if (SnapshotFormat.TryParse(name, out LogPosition other) && other.Index < position.Index)
            {
                _disk.Delete(name);
                removed = true;
            }
        }

        if (removed)
        {
            _disk.SyncDirectory();
        }
    }
}
