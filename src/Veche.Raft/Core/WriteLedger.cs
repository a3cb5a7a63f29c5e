namespace Veche.Raft;

/// <summary>Which writes were handed to the log, and which of them are known to be durable.</summary>
internal sealed class WriteLedger(long persistedIndex)
{
    private readonly List<(long WriteId, long LastIndex, long IssuedNs)> _pending = [];

    public long LastIssued { get; private set; }

    public long LastPersisted { get; private set; }

    /// <summary>Last index of the log as it is now that is durable here.</summary>
    public long PersistedIndex { get; private set; } = persistedIndex;

    /// <summary>When the oldest write that is under way was handed to the log; null when none is.</summary>
    public long? OldestIssuedNs => _pending.Count > 0 ? _pending[0].IssuedNs : null;

    /// <summary>A write is handed to the log, which ends at this index with it.</summary>
    public long Issue(long lastIndex, long nowNs)
    {
        _pending.Add((++LastIssued, lastIndex, nowNs));
        return LastIssued;
    }

    /// <summary>Entries after this index are replaced: that older ones at the same places become durable says nothing about the new.</summary>
    public void Truncate(long index)
    {
        PersistedIndex = Math.Min(PersistedIndex, index);
        for (int i = 0; i < _pending.Count; i++)
        {
            _pending[i] = _pending[i] with { LastIndex = Math.Min(_pending[i].LastIndex, index) };
        }
    }

    public void Persisted(long writeId)
    {
        if (writeId > LastIssued)
        {
            throw new ArgumentOutOfRangeException(nameof(writeId), writeId, $"The last write is {LastIssued}.");
        }

        int done = 0;
        while (done < _pending.Count && _pending[done].WriteId <= writeId)
        {
            PersistedIndex = Math.Max(PersistedIndex, _pending[done].LastIndex);
            done++;
        }

        _pending.RemoveRange(0, done);
        LastPersisted = Math.Max(LastPersisted, writeId);
    }

    public void CopyFrom(WriteLedger other)
    {
        _pending.Clear();
        _pending.AddRange(other._pending);
        LastIssued = other.LastIssued;
        LastPersisted = other.LastPersisted;
        PersistedIndex = other.PersistedIndex;
    }

    /// <summary>Without times. Numbers of writes are told from the last durable one on: how many there were before makes no difference.</summary>
    public void Describe(StateWriter writer)
    {
        writer.Number(PersistedIndex);
        writer.Number(LastIssued - LastPersisted);
        writer.Number(_pending.Count);
        foreach ((long writeId, long lastIndex, _) in _pending)
        {
            writer.Number(writeId - LastPersisted);
            writer.Number(lastIndex);
        }
    }
}
