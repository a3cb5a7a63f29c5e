namespace Veche.Store.Leases;

/// <summary>A lease as it is replicated.</summary>
/// <param name="Id">Its id.</param>
/// <param name="TtlSeconds">Time to live as granted, in seconds.</param>
/// <param name="RemainingSeconds">What of it was left at the last checkpoint.</param>
public readonly record struct LeaseRecord(long Id, long TtlSeconds, long RemainingSeconds);

/// <summary>Follows the leases. Called on the thread that applies.</summary>
public interface ILeaseObserver
{
    /// <summary>A lease was granted.</summary>
    void Granted(LeaseRecord lease);

    /// <summary>What was left of a lease was recorded, by the leader of a term.</summary>
    void Checkpointed(LeaseRecord lease, long term);

    /// <summary>A lease is gone.</summary>
    void Revoked(long id);

    /// <summary>Everything up to an entry of this term has been applied, and was told.</summary>
    void AppliedThrough(long term);

    /// <summary>These are all leases now, by everything up to an entry of this term.</summary>
    void Reset(IReadOnlyList<LeaseRecord> leases, long term);
}
