namespace Veche.Log;

/// <summary>The next segment, made ready ahead of time: allocated, filled with zeros and synced, so that later syncs write no metadata.</summary>
internal sealed class SpareSegment(IDisk disk, long segmentBytes) : IDisposable
{
    /// <summary>Room that is left to others on the disk, and to term and vote.</summary>
    private const long ReserveBytes = 16 << 20;

    private readonly Lock _lock = new();
    private IDiskFile? _ready;
    private volatile bool _hasRoom = true;
    private bool _disposed;

    public bool HasRoom => _hasRoom;

    /// <summary>Makes one ready, if there is none and the disk has room.</summary>
    public void Prepare()
    {
        lock (_lock)
        {
            if (_ready is not null || _disposed)
            {
                return;
            }

            _hasRoom = disk.FreeBytes >= segmentBytes + ReserveBytes;
            if (_hasRoom)
            {
                _ready = Create(segmentBytes);
            }
        }
    }

    /// <summary>Gives a segment of at least this size its name.</summary>
    public Segment Take(long sequence, long neededBytes)
    {
        lock (_lock)
        {
            long length = segmentBytes;
            if (_ready is null || neededBytes > segmentBytes)
            {
                length = Math.Max(segmentBytes, neededBytes);
                if (disk.FreeBytes < length + ReserveBytes)
                {
                    _hasRoom = false;
                    throw new LogFullException($"the disk has {disk.FreeBytes >> 20} MiB left and the log needs {(length + ReserveBytes) >> 20} MiB: free some space, then restart the member; what was acknowledged is safe");
                }

                _ready?.Dispose();
                _ready = Create(length);
            }

            IDiskFile file = _ready;
            _ready = null;
            disk.Rename(Segment.SpareName, Segment.NameOf(sequence));
            disk.SyncDirectory();
            return new Segment(sequence, file, length);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _ready?.Dispose();
            _ready = null;
        }
    }

    private IDiskFile Create(long length)
    {
        if (disk.Exists(Segment.SpareName))
        {
            disk.Delete(Segment.SpareName);
        }

        IDiskFile file = disk.Open(Segment.SpareName);
        file.Preallocate(length);
        file.Sync();
        return file;
    }
}
