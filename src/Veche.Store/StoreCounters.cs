using Veche.Api;
using Veche.Store.Watching;

namespace Veche.Store;

/// <summary>What a store has done since the process started. May be read from any thread.</summary>
public sealed class StoreCounters
{
    private long _puts;
    private long _deletions;
    private long _ranges;
    private long _transactions;
    private long _leasesGranted;
    private long _leasesRevoked;

    /// <summary>Keys put.</summary>
    public long Puts => Interlocked.Read(ref _puts);

    /// <summary>Keys deleted.</summary>
    public long Deletions => Interlocked.Read(ref _deletions);

    /// <summary>Ranges asked for by themselves, not within transactions.</summary>
    public long Ranges => Interlocked.Read(ref _ranges);

    /// <summary>Transactions, those that only read included.</summary>
    public long Transactions => Interlocked.Read(ref _transactions);

    /// <summary>Leases granted.</summary>
    public long LeasesGranted => Interlocked.Read(ref _leasesGranted);

    /// <summary>Leases that ended: revoked, or their time was up.</summary>
    public long LeasesRevoked => Interlocked.Read(ref _leasesRevoked);

    internal void CountTransaction() => Interlocked.Increment(ref _transactions);

    /// <summary>What applying a command has come to.</summary>
    internal void CountResult(object result)
    {
        switch (result)
        {
            case TxnResponse:
                CountTransaction();
                break;
            case LeaseGrantResponse:
                Interlocked.Increment(ref _leasesGranted);
                break;
            case LeaseRevokeResponse:
                Interlocked.Increment(ref _leasesRevoked);
                break;
        }
    }

    internal void CountRange() => Interlocked.Increment(ref _ranges);

    internal void Count(List<StoredEvent> events)
    {
        int puts = 0;
        foreach (StoredEvent change in events)
        {
            puts += change.Type == Event.Types.EventType.Put ? 1 : 0;
        }

        Interlocked.Add(ref _puts, puts);
        Interlocked.Add(ref _deletions, events.Count - puts);
    }
}
