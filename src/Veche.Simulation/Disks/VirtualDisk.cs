using Veche.Log;

namespace Veche.Simulation.Disks;

/// <summary>
/// A disk with everything a disk may do: written and synced are two things, a crash comes in the middle of an operation, syncs fail, the disk
/// fills up, and what was durable changes.
/// </summary>
internal sealed class VirtualDisk : IDisk
{
    private readonly Stack<byte[]> _spareSectors = new();
    private readonly SortedDictionary<string, FileContent> _names = new(StringComparer.Ordinal);
    private bool _hasUnsyncedNames;
    private SortedDictionary<string, FileContent> _durableNames = new(StringComparer.Ordinal);

    /// <summary>Operations until the power goes; -1 while it stays.</summary>
    public int OperationsUntilCrash { get; set; } = -1;

    /// <summary>Operations from the next time that a file gets another name until the power goes; -1 while it stays.</summary>
    public int OperationsFromNamingUntilCrash { get; set; } = -1;

    /// <summary>When set, the next sync fails, and what was to be synced may or may not be durable.</summary>
    public bool NextSyncFails { get; set; }

    /// <inheritdoc/>
    public long FreeBytes { get; set; } = 1L << 40;

    public long Syncs { get; private set; }

    /// <inheritdoc/>
    public IReadOnlyList<string> List() => [.. _names.Keys];

    /// <inheritdoc/>
    public bool Exists(string name) => _names.ContainsKey(name);

    /// <inheritdoc/>
    public IDiskFile Open(string name)
    {
        if (!_names.TryGetValue(name, out FileContent? content))
        {
            Operate();
            content = new FileContent(_spareSectors);
            _names.Add(name, content);
            _hasUnsyncedNames = true;
        }

        return new OpenFile(this, content);
    }

    /// <inheritdoc/>
    public void Rename(string from, string to)
    {
        Operate();
        if (!_names.Remove(from, out FileContent? content))
        {
            throw new IOException($"There is no file {from}.");
        }

        _names[to] = content;
        _hasUnsyncedNames = true;
        if (OperationsUntilCrash < 0)
        {
            (OperationsUntilCrash, OperationsFromNamingUntilCrash) = (OperationsFromNamingUntilCrash, -1);
        }
    }

    /// <inheritdoc/>
    public void Delete(string name)
    {
        Operate();
        if (_names.Remove(name, out FileContent? content))
        {
            FreeBytes += content.Length;
        }

        _hasUnsyncedNames = true;
    }

    /// <inheritdoc/>
    public void SyncDirectory()
    {
        Operate();
        _hasUnsyncedNames = false;
        _durableNames = new SortedDictionary<string, FileContent>(_names, StringComparer.Ordinal);
    }

    /// <summary>The machine loses power: of what was not synced, that remains which the plan and chance leave.</summary>
    public void Crash(CrashPlan plan, SimulationRandom random)
    {
        OperationsUntilCrash = -1;
        OperationsFromNamingUntilCrash = -1;
        NextSyncFails = false;
        if (_hasUnsyncedNames && !random.Chance(0.5))
        {
            // Names are metadata: the disk's journal kept all of their changes, or none.
            _names.Clear();
            foreach ((string name, FileContent content) in _durableNames)
            {
                _names.Add(name, content);
            }
        }

        foreach (FileContent content in _names.Values)
        {
            if (content.HasUnsynced)
            {
                content.Crash(plan, random);
            }
        }

        SyncDirectory();
    }

    /// <summary>The process ends, the machine does not: what was written is there for the next process, synced or not.</summary>
    public void ProcessEnded()
    {
        OperationsUntilCrash = -1;
        OperationsFromNamingUntilCrash = -1;
        NextSyncFails = false;
    }

    /// <summary>The content of a file, to look at or to damage.</summary>
    public FileContent ContentOf(string name) => _names[name];

    private void Operate()
    {
        if (OperationsUntilCrash >= 0 && OperationsUntilCrash-- == 0)
        {
            throw new CrashException();
        }
    }

    private void Take(long bytes)
    {
        if (bytes > FreeBytes)
        {
            throw new IOException("No space left on device");
        }

        FreeBytes -= bytes;
    }

    private sealed class OpenFile(VirtualDisk disk, FileContent content) : IDiskFile
    {
        public long Length => content.Length;

        public int Read(long offset, Span<byte> buffer)
        {
            if (offset >= content.Length)
            {
                return 0;
            }

            ReadOnlySpan<byte> from = content.Bytes[(int)offset..];
            int count = Math.Min(from.Length, buffer.Length);
            from[..count].CopyTo(buffer);
            return count;
        }

        public void Write(long offset, ReadOnlySpan<byte> data)
        {
            disk.Operate();
            disk.Take(Math.Max(0, offset + data.Length - content.Length));
            content.Write(offset, data);
        }

        public void Preallocate(long length)
        {
            disk.Operate();
            if (length > content.Length)
            {
                disk.Take(length - content.Length);
                content.SetLength(length);
            }
        }

        public void Truncate(long length)
        {
            disk.Operate();
            if (length < content.Length)
            {
                disk.FreeBytes += content.Length - length;
                content.SetLength(length);
            }
        }

        public void Sync()
        {
            disk.Operate();
            if (disk.NextSyncFails)
            {
                disk.NextSyncFails = false;
                content.FailSync();
                throw new IOException("Input/output error");
            }

            disk.Syncs++;
            content.Sync();
        }

        public void Dispose()
        {
            // The content belongs to the disk.
        }
    }
}
