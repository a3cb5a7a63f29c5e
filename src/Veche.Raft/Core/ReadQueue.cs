namespace Veche.Raft;

/// <summary>Reads at the leader that wait for a quorum to confirm its leadership (thesis §6.4). A round confirms the reads that came before it was sent.</summary>
internal sealed class ReadQueue
{
    /// <summary>Most reads that wait, and most rounds that are remembered.</summary>
    public const int MaxWaiting = 16 << 10;

    private readonly Queue<WaitingRead> _confirming = new();
    private readonly Queue<(long Round, long SentNs)> _rounds = new();

    /// <summary>A read: this member's own when <paramref name="From"/> is nobody.</summary>
    public readonly record struct WaitingRead(MemberId From, long ReadId, long Index, long Round);

    /// <summary>Reads that came before this term's empty entry has committed, or in this step.</summary>
    public List<(MemberId From, long ReadId)> Fresh { get; } = [];

    public int Count => Fresh.Count + _confirming.Count;

    public long LastRound { get; private set; }

    /// <summary>A new round is sent now; never the number of an old one, or an old answer would confirm it.</summary>
    public long BeginRound(long nowNs)
    {
        LastRound++;
        if (_rounds.Count == MaxWaiting)
        {
            _rounds.Dequeue();
        }

        _rounds.Enqueue((LastRound, nowNs));
        return LastRound;
    }

    /// <summary>The fresh reads join the round that was just begun, with the index that is committed now.</summary>
    public void JoinRound(long commitIndex)
    {
        foreach ((MemberId from, long readId) in Fresh)
        {
            _confirming.Enqueue(new WaitingRead(from, readId, commitIndex, LastRound));
        }

        Fresh.Clear();
    }

    /// <summary>When the newest of the rounds through this one was sent, and forgets them; null when they were forgotten before.</summary>
    public long? Confirmed(long round)
    {
        long? sentNs = null;
        while (_rounds.TryPeek(out (long Round, long SentNs) first) && first.Round <= round)
        {
            sentNs = first.SentNs;
            _rounds.Dequeue();
        }

        return sentNs;
    }

    public bool TryTakeConfirmed(long round, out WaitingRead read)
    {
        if (_confirming.TryPeek(out read) && read.Round <= round)
        {
            _confirming.Dequeue();
            return true;
        }

        return false;
    }

    public bool TryTakeAny(out WaitingRead read)
    {
        if (Fresh.Count > 0)
        {
            (MemberId from, long readId) = Fresh[^1];
            Fresh.RemoveAt(Fresh.Count - 1);
            read = new WaitingRead(from, readId, 0, 0);
            return true;
        }

        return _confirming.TryDequeue(out read);
    }

    public void CopyFrom(ReadQueue other)
    {
        Fresh.AddRange(other.Fresh);
        foreach (WaitingRead read in other._confirming)
        {
            _confirming.Enqueue(read);
        }

        foreach ((long Round, long SentNs) round in other._rounds)
        {
            _rounds.Enqueue(round);
        }

        LastRound = other.LastRound;
    }

    /// <summary>All but the times of the rounds, on which only leases rest.</summary>
    public void Describe(StateWriter writer)
    {
        writer.Number(LastRound);
        writer.Number(Fresh.Count);
        foreach ((MemberId from, long readId) in Fresh)
        {
            writer.Member(from);
            writer.Number(readId);
        }

        writer.Number(_confirming.Count);
        foreach (WaitingRead read in _confirming)
        {
            writer.Member(read.From);
            writer.Number(read.ReadId);
            writer.Number(read.Index);
            writer.Number(read.Round);
        }
    }
}
