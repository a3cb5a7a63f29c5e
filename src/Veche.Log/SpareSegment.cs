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

            _ready = disk.FreeBytes >= segmentBytes + ReserveBytes ? TryCreate(segmentBytes) : null;
            _hasRoom = _ready is not null;
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
                _ready?.Dispose();
                _ready = disk.FreeBytes >= length + ReserveBytes ? TryCreate(length) : null;
                if (_ready is null)
                {
                    _hasRoom = false;
                    throw new LogFullException($"the disk has {disk.FreeBytes >> 20} MiB left and the log needs {(length + ReserveBytes) >> 20} MiB: free some space; what was acknowledged is safe");
                }
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

    /// <summary>Null when others took the room meanwhile.</summary>
    private IDiskFile? TryCreate(long length)
    {
        if (disk.Exists(Segment.SpareName))
        {
            disk.Delete(Segment.SpareName);
        }

        IDiskFile file = disk.Open(Segment.SpareName);
        try
        {
            file.Preallocate(length);
        }
        catch (IOException) when (disk.FreeBytes < ReserveBytes)
        {
            file.Dispose();
            disk.Delete(Segment.SpareName);
            return null;
        }

        file.Sync();
        return file;
    }
}
