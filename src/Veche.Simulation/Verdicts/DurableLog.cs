using Veche.Raft;

namespace Veche.Simulation.Verdicts;

/// <summary>What a member's log has been told to hold durably, kept apart from the log itself so that it can be held to it.</summary>
internal sealed class DurableLog
{
    private readonly List<long> _terms = [];

    /// <summary>Where it begins.</summary>
    public LogPosition Base { get; private set; }

    public long LastIndex => Base.Index + _terms.Count;

    public HardState HardState { get; private set; }

    /// <summary>Term of an entry; -1 when it is not there, 0 when it was compacted away.</summary>
    public long TermAt(long index) =>
        index < Base.Index ? 0 : index == Base.Index ? Base.Term : index <= LastIndex ? _terms[(int)(index - Base.Index - 1)] : -1;

    /// <summary>True when it holds this entry, or held it and a snapshot covers it.</summary>
    public bool Holds(long index, long term)
    {
        long own = TermAt(index);
        return own == term || index < Base.Index;
    }

    public void Take(LogWrite write)
    {
        if (write.Reset is { } reset)
        {
            _terms.Clear();
            Base = reset.Position;
        }

        if (write.HardState is { } hardState)
        {
            HardState = hardState;
        }

        if (write.KeepThrough is { } keep)
        {
            int kept = (int)(keep - Base.Index);
            _terms.RemoveRange(kept, _terms.Count - kept);
        }

        for (int i = 0; i < write.Entries.Count; i++)
        {
            _terms.Add(write.Entries[i].Term);
        }
    }

    public void Compact(LogPosition through)
    {
        _terms.RemoveRange(0, (int)(through.Index - Base.Index));
        Base = through;
    }

    /// <summary>Takes over what a log holds that was found to be in order.</summary>
    public void Adopt(RaftStart start)
    {
        _terms.Clear();
        Base = start.Base.Position;
        HardState = start.HardState;
        foreach (EntrySummary entry in start.Entries)
        {
            _terms.Add(entry.Term);
        }
    }

    /// <summary>What a log that was read back has otherwise; null when nothing. Compaction may have gone further there.</summary>
    public string? Difference(RaftStart start)
    {
        LogPosition begin = start.Base.Position;
        long last = begin.Index + start.Entries.Count;
        if (start.HardState != HardState)
        {
            return $"term and vote were {HardState} and are {start.HardState}";
        }

        if (last != LastIndex)
        {
            return $"the log went to {LastIndex} and goes to {last}";
        }

        for (long index = Math.Max(begin.Index, Base.Index) + 1; index <= last; index++)
        {
            if (start.Entries[(int)(index - begin.Index - 1)].Term != TermAt(index))
            {
                return $"entry {index} was of term {TermAt(index)} and is of term {start.Entries[(int)(index - begin.Index - 1)].Term}";
            }
        }

        return null;
    }
}
