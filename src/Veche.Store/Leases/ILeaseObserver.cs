namespace Veche.Store.Leases;

/// <summary>A lease as it is replicated.</summary>
/// <param name="Id">Its id.</param>
/// <param name="TtlSeconds">Time to live as granted, in seconds.</param>
/// <param name="RemainingSeconds">What of it was left at the last checkpoint.</param>
public readonly record struct LeaseRecord(long Id, long TtlSeconds, long RemainingSeconds);

/// <summary>Follows the leases. Called on the thread that applies.</summary>
public interface ILeaseObserver
{
    /// <summary>A lease was granted, or its remaining time recorded.</summary>
    void Granted(LeaseRecord lease);

    /// <summary>A lease is gone.</summary>
    void Revoked(long id);

    /// <summary>These are all leases now.</summary>
    void Reset(IReadOnlyList<LeaseRecord> leases);
}
