using Veche.Raft;

namespace Veche.Log;

/// <summary>What the records read so far amount to.</summary>
internal sealed class LogReplay
{
    private readonly List<EntrySummary> _entries = [];
    private readonly List<(Record Record, RecordLocation Location, Configuration? Configuration)> _unfinished = [];
    private readonly HashSet<ulong> _chains = [];
    private long _firstLocated;

    /// <summary>Entries up to here were in files that are gone; a later record must say that a snapshot covers them.</summary>
    private bool _awaitsCompaction;

    public LogReplay(SegmentHeader first)
    {
        HardState = first.HardState;
        BaseConfiguration = first.Base.Configuration;
        Chain = first.Chain;
        WrittenChain = first.Chain;
        _chains.Add(Chain);
        Index = new LogIndex(first.Last);
        _firstLocated = first.Last.Index + 1;
        _awaitsCompaction = first.Last != first.Base.Position;
    }

    public LogIndex Index { get; }

    public HardState HardState { get; private set; }

    public Configuration BaseConfiguration { get; private set; }

    /// <summary>Running hash after the last whole write.</summary>
    public ulong Chain { get; private set; }

    /// <summary>Running hash after the last record, whether its write is whole or not.</summary>
    public ulong WrittenChain { get; private set; }

    public bool HasUnfinishedWrite => _unfinished.Count > 0;

    /// <summary>True when everything that had this running hash before it has been read.</summary>
    public bool Knows(ulong chain) => _chains.Contains(chain);

    /// <summary>Takes the next record; false when it makes no sense after those before it.</summary>
    public bool Take(in Record record, in RecordLocation location, ReadOnlyMemory<byte> payload)
    {
        Configuration? configuration = null;
        bool carriesConfiguration = record.Type is RecordType.Reset or RecordType.Compacted || (record.Type == RecordType.Entry && record.Kind == EntryKind.Configuration);
        if (carriesConfiguration && !ConfigurationEntry.TryDecode(payload, out configuration, out _))
        {
            return false;
        }

        _unfinished.Add((record, location, configuration));
        WrittenChain = record.Chain;
        if (!record.EndsWrite)
        {
            return true;
        }

        foreach ((Record Record, RecordLocation Location, Configuration? Configuration) item in _unfinished)
        {
            if (!Do(item.Record, item.Location, item.Configuration))
            {
                return false;
            }
        }

        _unfinished.Clear();
        Chain = record.Chain;
        _chains.Add(Chain);
        return true;
    }

    /// <summary>Drops the records of a write that was interrupted.</summary>
    public void DropUnfinished()
    {
        _unfinished.Clear();
        WrittenChain = Chain;
    }

    /// <summary>What the protocol starts from; null when files are missing whose entries nothing covers.</summary>
    public RaftStart? ToStart() => _awaitsCompaction
        ? null
        : new RaftStart { HardState = HardState, Base = new SnapshotPoint(Index.Base, BaseConfiguration), Entries = _entries };

    private bool Do(in Record record, in RecordLocation location, Configuration? configuration)
    {
        switch (record.Type)
        {
            case RecordType.Entry:
                if (record.Index != Index.Last.Index + 1 || record.Term < Index.Last.Term)
                {
                    return false;
                }

                Index.Append(location);
                _entries.Add(new EntrySummary(record.Index, record.Term, record.PayloadLength + Entry.OverheadBytes, configuration));
                return true;

            case RecordType.HardState:
                HardState = new HardState(record.Term, new MemberId((ulong)record.Index));
                return true;

            case RecordType.KeepThrough:
                return Keep(new LogPosition(record.Index, record.Term));

            case RecordType.Reset:
                StartAt(new LogPosition(record.Index, record.Term), configuration!);
                return true;

            default:
                return Compact(new LogPosition(record.Index, record.Term), configuration!);
        }
    }

    private bool Keep(LogPosition kept)
    {
        if (kept.Index < Index.Base.Index && _awaitsCompaction)
        {
            // The kept entry was in a file that is gone; those cut off were too.
            Index.Reset(kept);
            _entries.Clear();
            _firstLocated = kept.Index + 1;
            return true;
        }

        if (Index.PositionAt(kept.Index) != kept)
        {
            return false;
        }

        Index.KeepThrough(kept.Index);
        int count = (int)(kept.Index + 1 - _firstLocated);
        _entries.RemoveRange(count, _entries.Count - count);
        return true;
    }

    private bool Compact(LogPosition through, Configuration configuration)
    {
        if (through.Index < Index.Base.Index)
        {
            // An older compaction, of entries whose files went with a later one.
            return _awaitsCompaction;
        }

        if (Index.PositionAt(through.Index) != through)
        {
            return false;
        }

        _entries.RemoveRange(0, (int)(through.Index + 1 - _firstLocated));
        _firstLocated = through.Index + 1;
        Index.Compact(through);
        BaseConfiguration = configuration;
        _awaitsCompaction = false;
        return true;
    }

    private void StartAt(LogPosition position, Configuration configuration)
    {
        Index.Reset(position);
        _entries.Clear();
        _firstLocated = position.Index + 1;
        BaseConfiguration = configuration;
        _awaitsCompaction = false;
    }
}
