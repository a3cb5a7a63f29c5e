namespace Veche.Raft.Tests.Cluster;

/// <summary>A log that keeps apart what was written and what is durable, and forgets the difference in a crash.</summary>
internal sealed class ModelDisk(Configuration founders)
{
    private readonly Queue<LogWrite> _pending = new();

    public ModelLog Durable { get; } = new(founders);

    public ModelLog Written { get; private set; } = new(founders);

    public int PendingCount => _pending.Count;

    public void Write(LogWrite write)
    {
        _pending.Enqueue(write);
        Written.Do(write);
    }

    /// <summary>Makes the oldest writes durable; returns the number of the last, or 0.</summary>
    public long Persist(int count)
    {
        long last = 0;
        while (count-- > 0 && _pending.TryDequeue(out LogWrite? write))
        {
            Durable.Do(write);
            last = write.WriteId;
        }

        return last;
    }

    public void Crash()
    {
        _pending.Clear();
        Written = Durable.Copy();
    }

    /// <summary>The log is gone; term and vote are known from elsewhere, and the new log begins in the term after it.</summary>
    public void LoseLog(Configuration founders)
    {
        _pending.Clear();
        Durable.Do(new LogWrite { WriteId = 0, Reset = new SnapshotPoint(LogPosition.Zero, founders), HardState = new HardState(Durable.HardState.Term + 1, MemberId.None) });
        Written = Durable.Copy();
    }

    public void Compact(SnapshotPoint point)
    {
        Durable.Compact(point);
        Written.Compact(point);
    }
}

/// <summary>What a log holds.</summary>
internal sealed class ModelLog(Configuration founders)
{
    private List<Entry> _entries = [];

    public HardState HardState { get; private set; }

    public SnapshotPoint Base { get; private set; } = new(LogPosition.Zero, founders);

    public IReadOnlyList<Entry> Entries => _entries;

    public long Last => Base.Position.Index + _entries.Count;

    public Entry this[long index] => _entries[(int)(index - Base.Position.Index - 1)];

    public bool Has(long index) => index > Base.Position.Index && index <= Last;

    public void Do(LogWrite write)
    {
        if (write.Reset is { } reset)
        {
            _entries = [];
            Base = reset;
        }

        HardState = write.HardState ?? HardState;
        if (write.KeepThrough is { } keep)
        {
            _entries.RemoveRange((int)(keep - Base.Position.Index), (int)(Last - keep));
        }

        foreach (Entry entry in write.Entries)
        {
            Assert.Equal(Last + 1, entry.Index);
            _entries.Add(entry);
        }
    }

    public void Compact(SnapshotPoint point)
    {
        _entries.RemoveRange(0, (int)(point.Position.Index - Base.Position.Index));
        Base = point;
    }

    public ModelLog Copy() => new(Base.Configuration) { _entries = [.. _entries], HardState = HardState, Base = Base };

    public RaftStart ToStart() => new()
    {
        HardState = HardState,
        Base = Base,
        Entries = [.. _entries.Select(static entry => new EntrySummary(
            entry.Index, entry.Term, entry.SizeBytes,
            entry.Kind == EntryKind.Configuration && ConfigurationEntry.TryDecode(entry.Data, out Configuration? configuration, out _) ? configuration : null))],
    };
}
