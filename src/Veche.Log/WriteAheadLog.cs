using Veche.Raft;

namespace Veche.Log;

/// <summary>
/// The replicated log of one member on disk: entries, term and vote in one order of writes. One thread writes; reading may happen beside it.
/// <see cref="Write"/> gathers, <see cref="Sync"/> makes everything gathered durable with one write and one sync.
/// </summary>
public sealed partial class WriteAheadLog : IDisposable
{
    /// <summary>Room at the end of each segment that only term and vote may use, so that a full disk never keeps a member from an election.</summary>
    private const int HardStateReserveBytes = 4096;

    private readonly IDisk _disk;
    private readonly LogOptions _options;
    private readonly Lock _indexLock = new();
    private readonly Lock _filesLock = new();
    private readonly List<Segment> _segments;
    private readonly LogIndex _index;
    private readonly SpareSegment _spare;
    private Segment _current;
    private byte[] _buffer = new byte[64 << 10];
    private int _buffered;
    private long _bufferOffset;
    private ulong _chain;
    private ulong _durableChain;
    private ulong _markedChain;
    private readonly HardStateCopy _copy;
    private HardState _hardState;
    private Configuration _baseConfiguration;
    private bool _dirty;
    private Exception? _failure;

    private WriteAheadLog(IDisk disk, LogOptions options, LogReplay replay, List<Segment> segments, long endOffset)
    {
        _disk = disk;
        _options = options;
        _segments = segments;
        _current = segments[^1];
        _index = replay.Index;
        _hardState = replay.HardState;
        _baseConfiguration = replay.BaseConfiguration;
        _chain = replay.Chain;
        _durableChain = replay.Chain;
        _markedChain = replay.Chain;
        _bufferOffset = endOffset;
        _spare = new SpareSegment(disk, options.SegmentBytes);
        _copy = HardStateCopy.Open(disk, options.Identity, _hardState);
    }

    /// <summary>Where the log begins.</summary>
    public LogPosition Base
    {
        get
        {
            lock (_indexLock)
            {
                return _index.Base;
            }
        }
    }

    /// <summary>Where it ends, with everything written.</summary>
    public LogPosition Last
    {
        get
        {
            lock (_indexLock)
            {
                return _index.Last;
            }
        }
    }

    /// <summary>Bytes of disk that its files take.</summary>
    public long SizeBytes
    {
        get
        {
            lock (_indexLock)
            {
                return _segments.Sum(static segment => segment.Length);
            }
        }
    }

    /// <summary>False when the disk has no room for the next segment: time to stop taking commands. Term and vote can still be written.</summary>
    public bool HasRoom => _spare.HasRoom;

    /// <summary>The position at an index, or null when the log does not have it.</summary>
    public LogPosition? PositionAt(long index)
    {
        lock (_indexLock)
        {
            return _index.PositionAt(index);
        }
    }

    /// <summary>Adds a write to what the next <see cref="Sync"/> makes durable.</summary>
    /// <exception cref="LogFullException">There is no room for it; nothing of it is in the log.</exception>
    /// <exception cref="LogFailedException">An earlier write or sync failed.</exception>
    /// <exception cref="ArgumentException">Its entries do not follow the log.</exception>
    public void Write(LogWrite write)
    {
        ThrowIfFailed();
        int size = SizeOf(write);
        if (size == 0)
        {
            return;
        }

        bool onlyHardState = write.Reset is null && write.KeepThrough is null && write.Entries.Count == 0;
        long room = _current.Length - (onlyHardState ? 0 : HardStateReserveBytes);
        if (_bufferOffset + _buffered + size > room)
        {
            BeginNextSegment(size);
        }

        Encode(write, size);
    }

    /// <summary>Makes everything written durable.</summary>
    /// <exception cref="LogFailedException">It failed, now or earlier; the log cannot be used any more.</exception>
    public void Sync()
    {
        ThrowIfFailed();
        Guard(Flush);
    }

    /// <summary>
    /// Forgets the entries through a position that a durable snapshot or state covers, and removes the files that hold nothing else. The
    /// entries are gone at once for readers; that they are is durable when this returns.
    /// </summary>
    /// <param name="through">An entry of the log; one before its beginning is gone already, and nothing happens.</param>
    /// <param name="configuration">The configuration in force there.</param>
    public void Compact(LogPosition through, Configuration configuration)
    {
        ThrowIfFailed();
        if (through.Index <= Base.Index)
        {
            // A reset after a snapshot may have overtaken it: what was to be forgotten is gone already.
            return;
        }

        if (PositionAt(through.Index) != through)
        {
            throw new ArgumentException($"The log goes from {Base} to {Last} and has no entry {through}.", nameof(through));
        }

        ReadOnlyMemory<byte> payload = ConfigurationEntry.Encode(configuration);
        int size = Record.SizeOf(payload.Length);
        if (_bufferOffset + _buffered + size > _current.Length - HardStateReserveBytes)
        {
            BeginNextSegment(size);
        }

        Span<byte> room = Reserve(size);
        _chain = Record.Write(room, RecordType.Compacted, EntryKind.NoOp, endsWrite: true, through.Index, through.Term, _chain, _durableChain, payload.Span);
        Guard(Flush);
        _baseConfiguration = configuration;
        lock (_indexLock)
        {
            _index.Compact(through);
        }

        Guard(DropUnusedSegments);
    }

    /// <summary>Gets the next segment ready, so that no write has to wait for it. May run on another thread beside writes; does nothing when one is ready.</summary>
    public void PrepareNextSegment() => _spare.Prepare();

    /// <inheritdoc/>
    public void Dispose()
    {
        MarkDurable();
        lock (_filesLock)
        {
            foreach (Segment segment in _segments)
            {
                segment.Dispose();
            }
        }

        _spare.Dispose();
        _copy.Dispose();
    }

    /// <summary>
    /// At a clean end, one more record says that everything before it is durable. Without it nothing would tell a last batch that the disk
    /// damaged later from one that a crash tore.
    /// </summary>
    private void MarkDurable()
    {
        if (_failure is not null || _dirty || _markedChain == _chain || _bufferOffset + Record.SizeOf(0) > _current.Length)
        {
            return;
        }

        try
        {
            _chain = Record.Write(Reserve(Record.SizeOf(0)), RecordType.HardState, EntryKind.NoOp, endsWrite: true, (long)_hardState.Vote.Value, _hardState.Term, _chain, _durableChain, default);
            Flush();
            _markedChain = _chain;
        }
        catch (IOException exception)
        {
            // It only says more than must be said.
            _failure = exception;
        }
    }

    private static int SizeOf(LogWrite write)
    {
        long size = 0;
        if (write.Reset is { } reset)
        {
            size += Record.SizeOf(ConfigurationEntry.Encode(reset.Configuration).Length);
        }

        size += write.HardState is null ? 0 : Record.SizeOf(0);
        size += write.KeepThrough is null ? 0 : Record.SizeOf(0);
        for (int i = 0; i < write.Entries.Count; i++)
        {
            size += Record.SizeOf(write.Entries[i].Data.Length);
        }

        return checked((int)size);
    }

    private void Encode(LogWrite write, int size)
    {
        CheckFollows(write);
        lock (_indexLock)
        {
            int left = size;
            if (write.Reset is { } reset)
            {
                ReadOnlyMemory<byte> payload = ConfigurationEntry.Encode(reset.Configuration);
                Add(RecordType.Reset, EntryKind.NoOp, reset.Position.Index, reset.Position.Term, payload.Span, ref left);
                _index.Reset(reset.Position);
                _baseConfiguration = reset.Configuration;
            }

            if (write.HardState is { } hardState)
            {
                Add(RecordType.HardState, EntryKind.NoOp, (long)hardState.Vote.Value, hardState.Term, default, ref left);
                _hardState = hardState;
            }

            if (write.KeepThrough is { } keep)
            {
                LogPosition kept = _index.PositionAt(keep)!.Value;
                Add(RecordType.KeepThrough, EntryKind.NoOp, kept.Index, kept.Term, default, ref left);
                _index.KeepThrough(keep);
            }

            for (int i = 0; i < write.Entries.Count; i++)
            {
                Entry entry = write.Entries[i];
                int offset = (int)(_bufferOffset + _buffered);
                int before = left;
                Add(RecordType.Entry, entry.Kind, entry.Index, entry.Term, entry.Data.Span, ref left);
                _index.Append(new RecordLocation(_current, offset, before - left, entry.Term));
            }
        }
    }

    private void Add(RecordType type, EntryKind kind, long index, long term, ReadOnlySpan<byte> payload, ref int left)
    {
        int size = Record.SizeOf(payload.Length);
        left -= size;
        _chain = Record.Write(Reserve(size), type, kind, endsWrite: left == 0, index, term, _chain, _durableChain, payload);
    }

    private void CheckFollows(LogWrite write)
    {
        LogPosition last = write.Reset?.Position ?? Last;
        if (write.KeepThrough is { } keep)
        {
            last = (write.Reset is null ? PositionAt(keep) : null) ?? throw new ArgumentException($"The log goes from {Base} to {Last} and cannot be cut after {keep}.", nameof(write));
        }

        for (int i = 0; i < write.Entries.Count; i++)
        {
            LogPosition position = write.Entries[i].Position;
            if (position.Index != last.Index + 1 || position.Term < last.Term)
            {
                throw new ArgumentException($"Entry {position} does not follow {last}.", nameof(write));
            }

            last = position;
        }
    }

    private Span<byte> Reserve(int size)
    {
        if (_buffer.Length - _buffered < size)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _buffered + size));
        }

        _buffered += size;
        _dirty = true;
        return _buffer.AsSpan(_buffered - size, size);
    }

    private void Flush()
    {
        if (!_dirty)
        {
            return;
        }

        // First: a copy that is ahead of the log remembers what nobody was told, one that is behind would forget a promise.
        _copy.Write(_hardState);
        _current.File.Write(_bufferOffset, _buffer.AsSpan(0, _buffered));
        _current.File.Sync();
        _bufferOffset += _buffered;
        _buffered = 0;
        _durableChain = _chain;
        _dirty = false;
        if (_buffer.Length > (8 << 20))
        {
            // One unusually large batch should not keep its memory.
            _buffer = new byte[64 << 10];
        }
    }

    private void BeginSegment(int neededBytes)
    {
        // Everything before a segment is durable before the segment exists: recovery relies on it.
        Flush();
        var header = new SegmentHeader(_options.Identity, _current.Sequence + 1, _chain, _hardState, new SnapshotPoint(Base, _baseConfiguration), Last);
        byte[] head = header.Encode();
        Segment next = _spare.Take(header.Sequence, head.Length + neededBytes + HardStateReserveBytes);
        lock (_indexLock)
        {
            _segments.Add(next);
        }

        _current = next;
        _bufferOffset = 0;
        head.CopyTo(Reserve(head.Length));

        // Even when nothing is left in the files before it, they stay: its head is to be durable before what it repeats may go.
    }

    /// <summary>Called right after a flush only: then the head of the current segment is durable, and repeats what earlier ones say of term, vote and beginning.</summary>
    private void DropUnusedSegments()
    {
        lock (_filesLock)
        {
            bool dropped = false;
            while (true)
            {
                Segment oldest;
                lock (_indexLock)
                {
                    oldest = _segments[0];
                    if (ReferenceEquals(oldest, _current) || !_index.IsFreeOf(oldest))
                    {
                        break;
                    }

                    _segments.RemoveAt(0);
                }

                oldest.Dispose();
                _disk.Delete(oldest.Name);
                dropped = true;
            }

            if (dropped)
            {
                _disk.SyncDirectory();
            }
        }
    }

    private void BeginNextSegment(int size) => Guard(() => BeginSegment(size));

    private void Guard(Action action)
    {
        try
        {
            action();
        }
        catch (LogFullException)
        {
            throw;
        }
        catch (IOException exception)
        {
            _failure = exception;
            ThrowIfFailed();
        }
    }

    private void ThrowIfFailed()
    {
        if (_failure is { } failure)
        {
            throw new LogFailedException($"writing the log failed ({failure.Message}); what is on the disk is not known, so the member must be restarted after the disk was looked at", failure);
        }
    }
}
