using Veche.Raft;

namespace Veche.Simulation.Verdicts;

/// <summary>What a member's log has been told to hold durably, kept apart from the log itself so that it can be held to it.</summary>
internal sealed class DurableLog
{
    private readonly List<long> _terms = [];
    private readonly List<(long Index, Configuration Configuration)> _configurations = [];
    private Configuration _baseConfiguration = Configuration.Empty;

    /// <summary>Where it begins.</summary>
    public LogPosition Base { get; private set; }

    public long LastIndex => Base.Index + _terms.Count;

    public HardState HardState { get; private set; }

    /// <summary>The last configuration it holds.</summary>
    public Configuration Configuration => _configurations.Count > 0 ? _configurations[^1].Configuration : _baseConfiguration;

    /// <summary>Index of the entry that brought it; that of the beginning when it was there before.</summary>
    public long ConfigurationIndex => _configurations.Count > 0 ? _configurations[^1].Index : Base.Index;

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
            _configurations.Clear();
            Base = reset.Position;
            _baseConfiguration = reset.Configuration;
        }

        if (write.HardState is { } hardState)
        {
            HardState = hardState;
        }

        if (write.KeepThrough is { } keep)
        {
            int kept = (int)(keep - Base.Index);
            _terms.RemoveRange(kept, _terms.Count - kept);
            _configurations.RemoveAll(configuration => configuration.Index > keep);
        }

        for (int i = 0; i < write.Entries.Count; i++)
        {
            Entry entry = write.Entries[i];
            _terms.Add(entry.Term);
            if (entry.Kind == EntryKind.Configuration && ConfigurationEntry.TryDecode(entry.Data, out Configuration? configuration, out _))
            {
                _configurations.Add((entry.Index, configuration));
            }
        }
    }

    public void Compact(LogPosition through)
    {
        _terms.RemoveRange(0, (int)(through.Index - Base.Index));
        Base = through;
        while (_configurations.Count > 0 && _configurations[0].Index <= through.Index)
        {
            _baseConfiguration = _configurations[0].Configuration;
            _configurations.RemoveAt(0);
        }
    }

    /// <summary>Takes over what a log holds that was found to be in order.</summary>
    public void Adopt(RaftStart start)
    {
        _terms.Clear();
        _configurations.Clear();
        Base = start.Base.Position;
        _baseConfiguration = start.Base.Configuration;
        HardState = start.HardState;
        foreach (EntrySummary entry in start.Entries)
        {
            _terms.Add(entry.Term);
            if (entry.Configuration is { } configuration)
            {
                _configurations.Add((entry.Index, configuration));
            }
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

        if (!(start.Entries.LastOrDefault(static entry => entry.Configuration is not null).Configuration ?? start.Base.Configuration).Equals(Configuration))
        {
            return $"the last configuration was {Configuration}";
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
