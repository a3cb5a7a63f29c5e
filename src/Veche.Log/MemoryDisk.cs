namespace Veche.Log;

/// <summary>
/// A disk in memory. For members that keep nothing, and for tests: it can keep apart what was written and what was synced, and lose or
/// tear the difference, sector by sector, as a crash does.
/// </summary>
public sealed class MemoryDisk : IDisk
{
    /// <summary>What a disk writes whole or not at all, in bytes.</summary>
    public const int SectorBytes = 512;

    private readonly Lock _lock = new();
    private readonly bool _canCrash;
    private readonly SortedDictionary<string, Content> _names = new(StringComparer.Ordinal);
    private SortedDictionary<string, Content> _durableNames = new(StringComparer.Ordinal);

    /// <summary>Creates an empty disk.</summary>
    /// <param name="canCrash">Remember what was synced, for <see cref="Crash"/>; costs memory. Default false.</param>
    public MemoryDisk(bool canCrash = false)
    {
        _canCrash = canCrash;
    }

    /// <summary>Bytes that may still be written. Default without limit.</summary>
    public long FreeBytes { get; set; } = long.MaxValue;

    /// <summary>When set, every sync fails with this message. As on a real disk, what it was to save is not saved by a later one either, unless it is written again.</summary>
    public string? SyncFailure { get; set; }

    /// <summary>Number of syncs of files so far.</summary>
    public long SyncCount { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<string> List()
    {
        lock (_lock)
        {
            return [.. _names.Keys];
        }
    }

    /// <inheritdoc/>
    public bool Exists(string name)
    {
        lock (_lock)
        {
            return _names.ContainsKey(name);
        }
    }

    /// <inheritdoc/>
    public IDiskFile Open(string name)
    {
        lock (_lock)
        {
            if (!_names.TryGetValue(name, out Content? content))
            {
                content = new Content();
                _names.Add(name, content);
            }

            return new OpenFile(this, content);
        }
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        lock (_lock)
        {
            if (!_names.Remove(from, out Content? content))
            {
                throw new IOException($"There is no file {from}.");
            }

            _names[to] = content;
        }
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        lock (_lock)
        {
            _names.Remove(name);
        }
    }

    /// <inheritdoc/>
    public void SyncDirectory()
    {
        lock (_lock)
        {
            if (_canCrash)
            {
                _durableNames = new SortedDictionary<string, Content>(_names, StringComparer.Ordinal);
            }
        }
    }

    /// <summary>
    /// What remains after a crash: everything synced, and of what was written since, the sectors for which <paramref name="keeps"/> says so.
    /// Open files of this disk must not be used any more.
    /// </summary>
    /// <param name="keeps">Asked once for each sector that differs, in order of file and offset.</param>
    public MemoryDisk Crash(Func<bool> keeps)
    {
        if (!_canCrash)
        {
            throw new InvalidOperationException("This disk does not remember what was synced.");
        }

        lock (_lock)
        {
            var after = new MemoryDisk(canCrash: true) { FreeBytes = FreeBytes };
            foreach ((string name, Content content) in _durableNames)
            {
                after._names.Add(name, content.AfterCrash(keeps));
            }

            after.SyncDirectory();
            return after;
        }
    }

    /// <summary>A copy of what a file holds now, for tests.</summary>
    public byte[] ReadAll(string name)
    {
        lock (_lock)
        {
            return _names[name].Written.ToArray();
        }
    }

    /// <summary>Replaces what a file holds, durably, for tests.</summary>
    public void Replace(string name, ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            var content = new Content();
            content.Fill(bytes);
            _names[name] = content;
            _durableNames[name] = content;
        }
    }

    private sealed class Content
    {
        private byte[] _bytes = [];
        private readonly SortedSet<int> _unsynced = [];
        private byte[] _synced = [];
        private int _length;
        private int _cutTo = int.MaxValue;

        public Span<byte> Written => _bytes.AsSpan(0, _length);

        public int Length => _length;

        public void Write(long offset, ReadOnlySpan<byte> data)
        {
            SetLength(Math.Max(_length, checked((int)(offset + data.Length))));
            data.CopyTo(_bytes.AsSpan((int)offset));
        }

        /// <summary>Holds this and nothing else, durably.</summary>
        public void Fill(ReadOnlySpan<byte> bytes)
        {
            Write(0, bytes);
            NoteWrite(0, bytes.Length);
            Sync();
        }

        /// <summary>Remembers which sectors a sync has to save.</summary>
        public void NoteWrite(long offset, int length)
        {
            for (long sector = offset / SectorBytes; sector * SectorBytes < offset + length; sector++)
            {
                _unsynced.Add((int)sector);
            }
        }

        public void NoteCut(int length) => _cutTo = Math.Min(_cutTo, length);

        public void SetLength(int length)
        {
            if (length > _bytes.Length)
            {
                Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max((long)length, length > (1 << 20) ? length : _bytes.Length * 2L)));
            }
            else if (length < _length)
            {
                _bytes.AsSpan(length, _length - length).Clear();
            }

            _length = length;
        }

        public void Sync()
        {
            if (_cutTo < _synced.Length)
            {
                _synced.AsSpan(_cutTo).Clear();
            }

            Array.Resize(ref _synced, _length);
            foreach (int sector in _unsynced)
            {
                int from = sector * SectorBytes;
                if (from < _length)
                {
                    int size = Math.Min(SectorBytes, _length - from);
                    Written.Slice(from, size).CopyTo(_synced.AsSpan(from));
                }
            }

            _unsynced.Clear();
            _cutTo = int.MaxValue;
        }

        public void FailToSync() => _unsynced.Clear();

        public Content AfterCrash(Func<bool> keeps)
        {
            // A file's length is metadata that was synced or not; what lies beyond the synced one was never really there.
            var after = new Content();
            int length = Math.Max(_synced.Length, _length);
            byte[] bytes = new byte[length];
            _synced.CopyTo(bytes, 0);
            bool longer = false;
            for (int sector = 0; sector < length; sector += SectorBytes)
            {
                int size = Math.Min(SectorBytes, length - sector);
                Span<byte> written = sector < _length ? _bytes.AsSpan(sector, Math.Min(size, _length - sector)) : default;
                Span<byte> old = bytes.AsSpan(sector, size);
                if (!old[..written.Length].SequenceEqual(written) && keeps())
                {
                    written.CopyTo(old);
                    longer |= sector + written.Length > _synced.Length;
                }
            }

            after.Fill(bytes.AsSpan(0, longer ? length : _synced.Length));
            return after;
        }
    }

    private sealed class OpenFile(MemoryDisk disk, Content content) : IDiskFile
    {
        public long Length
        {
            get
            {
                lock (disk._lock)
                {
                    return content.Length;
                }
            }
        }

        public int Read(long offset, Span<byte> buffer)
        {
            lock (disk._lock)
            {
                if (offset >= content.Length)
                {
                    return 0;
                }

                Span<byte> from = content.Written[(int)offset..];
                int count = Math.Min(from.Length, buffer.Length);
                from[..count].CopyTo(buffer);
                return count;
            }
        }

        public void Write(long offset, ReadOnlySpan<byte> data)
        {
            lock (disk._lock)
            {
                long growth = Math.Max(0, offset + data.Length - content.Length);
                Take(growth);
                content.Write(offset, data);
                if (disk._canCrash)
                {
                    content.NoteWrite(offset, data.Length);
                }
            }
        }

        public void Preallocate(long length)
        {
            lock (disk._lock)
            {
                if (length > content.Length)
                {
                    Take(length - content.Length);
                    content.SetLength(checked((int)length));
                }
            }
        }

        public void Truncate(long length)
        {
            lock (disk._lock)
            {
                content.SetLength((int)Math.Min(length, content.Length));
                content.NoteCut(content.Length);
            }
        }

        public void Sync()
        {
            lock (disk._lock)
            {
                if (disk.SyncFailure is { } message)
                {
                    content.FailToSync();
                    throw new IOException(message);
                }

                disk.SyncCount++;
                if (disk._canCrash)
                {
                    content.Sync();
                }
            }
        }

        public void Dispose()
        {
            // The content belongs to the disk.
        }

        private void Take(long bytes)
        {
            if (bytes > disk.FreeBytes)
            {
                throw new IOException("No space left on device");
            }

            if (disk.FreeBytes != long.MaxValue)
            {
                disk.FreeBytes -= bytes;
            }
        }
    }
}
