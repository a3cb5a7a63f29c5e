namespace Veche.Hosting;

/// <summary>Reads that may share a confirmation, because they ask for the same, or for no more than the strictest of them.</summary>
internal sealed class ReadGroup(bool allowLease)
{
    public bool AllowLease => allowLease;

    /// <summary>Those that wait for the next confirmation.</summary>
    public List<ReadWaiter> Gathering { get; set; } = [];

    /// <summary>What the strictest of those allows.</summary>
    public long MaxEntriesBehind { get; private set; } = long.MaxValue;

    /// <summary>Confirmations under way.</summary>
    public int UnderWay { get; set; }

    public void Add(ReadWaiter waiter, long maxEntriesBehind)
    {
        Gathering.Add(waiter);
        MaxEntriesBehind = Math.Min(MaxEntriesBehind, maxEntriesBehind);
    }

    /// <summary>Those that gathered, who leave with the next confirmation.</summary>
    public List<ReadWaiter> Take(List<ReadWaiter> next)
    {
        List<ReadWaiter> taken = Gathering;
        Gathering = next;
        MaxEntriesBehind = long.MaxValue;
        UnderWay++;
        return taken;
    }
}
