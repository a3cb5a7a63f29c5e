namespace Veche.Raft;

/// <summary>
/// What the protocol remembers of the log: the term of each entry as runs, sizes as running sums, and the configurations.
/// Payloads stay in the log itself, so memory does not depend on their size.
/// </summary>
internal sealed class LogTrail
{
    private readonly List<(long FirstIndex, long Term)> _runs = [];
    private readonly List<(long Index, Configuration Configuration)> _configurations = [];

    /// <summary>Running sum of sizes through each index from the base on; a ring by index.</summary>
    private long[] _sums = new long[1024];

    public LogTrail(SnapshotPoint start)
    {
        Reset(start);
    }

    /// <summary>The last entry that is gone from the log, or (0, 0).</summary>
    public LogPosition Base { get; private set; }

    public LogPosition Last { get; private set; }

    public long FirstIndex => Base.Index + 1;

    /// <summary>The configuration in force: of the last entry that carries one, committed or not (Raft §6).</summary>
    public Configuration Configuration => _configurations[^1].Configuration;

    public long ConfigurationIndex => _configurations[^1].Index;

    /// <summary>Starts over after a snapshot.</summary>
    public void Reset(SnapshotPoint start)
    {
        _runs.Clear();
        _configurations.Clear();
        _configurations.Add((start.Position.Index, start.Configuration));
        Base = start.Position;
        Last = start.Position;
        Sum(Base.Index) = 0;
    }

    public void Append(long term, int sizeBytes, Configuration? configuration)
    {
        if (term < Last.Term)
        {
            throw new InvariantBrokenException($"An entry of term {term} cannot follow {Last}: terms in a log never fall.");
        }

        long index = Last.Index + 1;
        if (index - Base.Index >= _sums.Length)
        {
            Grow();
        }

        Sum(index) = Sum(index - 1) + sizeBytes;
        if (_runs.Count == 0 || _runs[^1].Term != term)
        {
            _runs.Add((index, term));
        }

        if (configuration is not null)
        {
            _configurations.Add((index, configuration));
        }

        Last = new LogPosition(index, term);
    }

    /// <summary>Removes the entries after an index, and with them the configurations they carried.</summary>
    public void KeepThrough(long index)
    {
        while (_runs.Count > 0 && _runs[^1].FirstIndex > index)
        {
            _runs.RemoveAt(_runs.Count - 1);
        }

        while (_configurations.Count > 1 && _configurations[^1].Index > index)
        {
            _configurations.RemoveAt(_configurations.Count - 1);
        }

        Last = new LogPosition(index, TermAt(index));
    }

    /// <summary>Forgets the entries up to a position. The configuration in force there stays, as the one of the base.</summary>
    public void Compact(long index)
    {
        var position = new LogPosition(index, TermAt(index));
        int run = RunOf(index);
        _runs.RemoveRange(0, Math.Max(run, 0));
        if (_runs.Count > 0 && Last.Index == index)
        {
            _runs.Clear();
        }

        int configuration = ConfigurationSlot(index);
        _configurations.RemoveRange(0, configuration);
        Base = position;
    }

    public bool TryTermAt(long index, out long term)
    {
        if (index == Base.Index)
        {
            term = Base.Term;
            return true;
        }

        if (index < Base.Index || index > Last.Index)
        {
            term = 0;
            return false;
        }

        term = _runs[RunOf(index)].Term;
        return true;
    }

    public long TermAt(long index) =>
        TryTermAt(index, out long term)
            ? term
            : throw new ArgumentOutOfRangeException(nameof(index), index, $"The log goes from {Base} to {Last}.");

    public bool Matches(LogPosition position) => TryTermAt(position.Index, out long term) && term == position.Term;

    public Configuration ConfigurationAt(long index) => _configurations[ConfigurationSlot(index)].Configuration;

    /// <summary>Bytes of the entries after one index through another; those that are gone count nothing.</summary>
    public long BytesBetween(long after, long through)
    {
        long from = Math.Clamp(after, Base.Index, Last.Index);
        long to = Math.Clamp(through, from, Last.Index);
        return Sum(to) - Sum(from);
    }

    /// <summary>The last entry that fits, beginning with <paramref name="first"/>, into limits of bytes and count; at least one when there is one.</summary>
    public long LastWithin(long first, long maxBytes, int maxEntries)
    {
        long low = Math.Min(first, Last.Index);
        long high = Math.Min(Last.Index, first + maxEntries - 1);
        if (high <= low || Sum(high) - Sum(first - 1) <= maxBytes)
        {
            return high;
        }

        while (low < high)
        {
            long middle = low + ((high - low + 1) / 2);
            if (Sum(middle) - Sum(first - 1) <= maxBytes)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return low;
    }

    /// <summary>
    /// The furthest position, not after <paramref name="limit"/>, at which this log can still equal one that has that position:
    /// entries of later terms cannot be in the other one, so whole terms are skipped (Raft §5.3, the optimisation at its end).
    /// </summary>
    public LogPosition FurthestThatMayMatch(LogPosition limit)
    {
        if (limit.Index >= Last.Index && limit.Term >= Last.Term)
        {
            return Last;
        }

        long index = Math.Min(limit.Index, Last.Index);
        if (index <= Base.Index)
        {
            return Base;
        }

        int run = RunOf(index);
        while (run >= 0 && _runs[run].Term > limit.Term)
        {
            index = _runs[run].FirstIndex - 1;
            run--;
        }

        return run < 0 || index <= Base.Index ? Base : new LogPosition(index, _runs[run].Term);
    }

    public void CopyFrom(LogTrail other)
    {
        Reset(new SnapshotPoint(other.Base, Configuration.Empty));
        _runs.AddRange(other._runs);
        _configurations.Clear();
        _configurations.AddRange(other._configurations);
        Last = other.Last;

        // No larger than it must be: an explorer keeps very many of these.
        int length = 16;
        while (length <= Last.Index - Base.Index)
        {
            length *= 2;
        }

        _sums = new long[length];
        for (long index = Base.Index; index <= Last.Index; index++)
        {
            Sum(index) = other.Sum(index);
        }
    }

    public void Describe(StateWriter writer)
    {
        writer.Number(Base.Index);
        writer.Number(Base.Term);
        writer.Number(Last.Index);
        writer.Number(_runs.Count);
        foreach ((long firstIndex, long term) in _runs)
        {
            writer.Number(firstIndex);
            writer.Number(term);
        }

        writer.Number(_configurations.Count);
        foreach ((long index, Configuration configuration) in _configurations)
        {
            writer.Number(index);
            writer.Configuration(configuration);
        }
    }

    private int RunOf(long index)
    {
        int low = 0;
        int high = _runs.Count - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (_runs[middle].FirstIndex <= index)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high;
    }

    private int ConfigurationSlot(long index)
    {
        int slot = _configurations.Count - 1;
        while (slot > 0 && _configurations[slot].Index > index)
        {
            slot--;
        }

        return slot;
    }

    private ref long Sum(long index) => ref _sums[index & (_sums.Length - 1)];

    private void Grow()
    {
        long[] larger = new long[_sums.Length * 2];
        for (long index = Base.Index; index <= Last.Index; index++)
        {
            larger[index & (larger.Length - 1)] = Sum(index);
        }

        _sums = larger;
    }
}
