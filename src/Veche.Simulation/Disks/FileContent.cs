namespace Veche.Simulation.Disks;

/// <summary>The bytes of a file: what was written, and for each sector written since the last sync what was there before.</summary>
internal sealed class FileContent(Stack<byte[]> spare)
{
    /// <summary>What a disk writes whole or not at all, in bytes.</summary>
    public const int SectorBytes = 512;

    private readonly List<Unsynced> _unsynced = [];
    private byte[] _bytes = [];
    private int _syncedLength;
    private int _syncedFrom;
    private int _writtenFrom = int.MaxValue;

    /// <summary>Length as written.</summary>
    public int Length { get; private set; }

    /// <summary>Bytes of the file that are durable, counted from its start.</summary>
    public int SyncedLength => _syncedLength;

    /// <summary>
    /// Up to where the bytes are followed by something that was written after they were durable, and that is durable itself: whoever reads the
    /// file can tell that they were there. Behind that is what the last sync that had anything to do made durable, and what came later.
    /// </summary>
    public int ProvenLength => Math.Min(_syncedFrom, _writtenFrom);

    public bool HasUnsynced => _unsynced.Count > 0 || Length != _syncedLength;

    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, Length);

    public void Write(long offset, ReadOnlySpan<byte> data)
    {
        int from = checked((int)offset);
        int to = from + data.Length;
        if (data.ContainsAnyExcept((byte)0))
        {
            // Zeros are what was cut off: they prove nothing.
            _writtenFrom = Math.Min(_writtenFrom, from);
        }

        Grow(to);
        for (int sector = from / SectorBytes; sector * SectorBytes < to; sector++)
        {
            int start = sector * SectorBytes;
            Remember(sector, Math.Max(from, start) - start, Math.Min(to, start + SectorBytes) - start);
        }

        data.CopyTo(_bytes.AsSpan(from));
    }

    public void SetLength(long length)
    {
        int newLength = checked((int)length);
        if (newLength > Length)
        {
            Grow(newLength);
        }
        else
        {
            _bytes.AsSpan(newLength, Length - newLength).Clear();
            Length = newLength;
        }
    }

    public void Sync()
    {
        int kept = 0;
        for (int i = 0; i < _unsynced.Count; i++)
        {
            if (_unsynced[i].IsForgotten)
            {
                _unsynced[kept++] = _unsynced[i];
            }
            else
            {
                spare.Push(_unsynced[i].Old);
            }
        }

        _unsynced.RemoveRange(kept, _unsynced.Count - kept);
        _syncedLength = Length;
        if (_writtenFrom != int.MaxValue && kept == 0)
        {
            _syncedFrom = _writtenFrom;
            _writtenFrom = int.MaxValue;
        }
    }

    /// <summary>
    /// A sync failed. The system takes what it could not write for written: later syncs do nothing about it, and only writing the bytes again
    /// makes them durable after all.
    /// </summary>
    public void FailSync()
    {
        for (int i = 0; i < _unsynced.Count; i++)
        {
            _unsynced[i] = _unsynced[i] with { IsForgotten = true };
        }
    }

    /// <summary>Leaves of what was not synced what a crash leaves.</summary>
    public void Crash(CrashPlan plan, SimulationRandom random)
    {
        int length = Math.Min(Length, _syncedLength);
        int sum = plan.Keep + plan.Drop + plan.Tear + plan.Corrupt;
        foreach (Unsynced sector in _unsynced)
        {
            Span<byte> now = _bytes.AsSpan(sector.Number * SectorBytes, SectorBytes);
            int draw = random.Below(sum);
            if (draw < plan.Keep)
            {
                length = Math.Max(length, Math.Min(Length, (sector.Number * SectorBytes) + sector.To));
                continue;
            }

            int kept = sector.From;
            if (draw >= plan.Keep + plan.Drop)
            {
                kept = random.Between(sector.From, sector.To);
                length = Math.Max(length, Math.Min(Length, (sector.Number * SectorBytes) + sector.To));
            }

            bool corrupts = draw >= plan.Keep + plan.Drop + plan.Tear;
            for (int i = kept; i < sector.To; i++)
            {
                // A byte that was to be written as it was is not at risk: half of a write is still the same.
                now[i] = corrupts && now[i] != sector.Old[i] ? (byte)random.Next() : sector.Old[i];
            }
        }

        SetLength(length);
        foreach (Unsynced sector in _unsynced)
        {
            spare.Push(sector.Old);
        }

        _unsynced.Clear();
        _syncedLength = Length;
        _syncedFrom = ProvenLength;
        _writtenFrom = int.MaxValue;
    }

    /// <summary>Changes durable bytes, as a disk does that forgets.</summary>
    public void Damage(int offset, ReadOnlySpan<byte> bytes) => bytes.CopyTo(_bytes.AsSpan(offset));

    private void Remember(int number, int from, int to)
    {
        for (int i = _unsynced.Count - 1; i >= 0; i--)
        {
            if (_unsynced[i].Number == number)
            {
                bool isForgotten = _unsynced[i].IsForgotten && (from > _unsynced[i].From || to < _unsynced[i].To);
                _unsynced[i] = _unsynced[i] with { From = Math.Min(from, _unsynced[i].From), To = Math.Max(to, _unsynced[i].To), IsForgotten = isForgotten };
                return;
            }
        }

        byte[] old = spare.TryPop(out byte[]? room) ? room : new byte[SectorBytes];
        _bytes.AsSpan(number * SectorBytes, SectorBytes).CopyTo(old);
        _unsynced.Add(new Unsynced(number, from, to, old, false));
    }

    private void Grow(int length)
    {
        int whole = (length + SectorBytes - 1) / SectorBytes * SectorBytes;
        if (whole > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(whole, Math.Min(_bytes.Length * 2, 1 << 20)));
        }

        Length = Math.Max(Length, length);
    }

    private readonly record struct Unsynced(int Number, int From, int To, byte[] Old, bool IsForgotten);
}
