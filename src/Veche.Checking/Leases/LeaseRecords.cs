namespace Veche.Checking.Leases;

/// <summary>What happened to a lease or to a key with one.</summary>
public enum LeaseEventKind
{
    /// <summary>A client was granted the lease.</summary>
    Granted,

    /// <summary>A client was told that the lease lives on for another time to live.</summary>
    KeptAlive,

    /// <summary>The lease was revoked, as a client had asked.</summary>
    Revoked,

    /// <summary>The lease ran out.</summary>
    Expired,

    /// <summary>A key was put with the lease; before that it had no lease, or lost it by this.</summary>
    Attached,

    /// <summary>A key was put without a lease, or deleted by a client.</summary>
    Detached,

    /// <summary>A key was deleted because its lease had ended.</summary>
    DeletedByLease,
}

/// <summary>One event of the true history of leases.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Lease">The lease; for <see cref="LeaseEventKind.Detached"/> 0.</param>
public readonly record struct LeaseEvent(LeaseEventKind Kind, long Lease)
{
    /// <summary>
    /// For <see cref="LeaseEventKind.Granted"/> and <see cref="LeaseEventKind.KeptAlive"/>: when the client called; the time to live cannot have begun earlier.
    /// For <see cref="LeaseEventKind.Expired"/>: the earliest moment at which anybody saw the effect.
    /// </summary>
    public long TimeMs { get; init; }

    /// <summary>For <see cref="LeaseEventKind.Granted"/> and <see cref="LeaseEventKind.KeptAlive"/>: the time to live that was promised.</summary>
    public long TimeToLiveMs { get; init; }

    /// <summary>The key, for events of keys.</summary>
    public string? Key { get; init; }
}
