namespace Veche.Client;

/// <summary>
/// A lock that is held. Whoever holds it may be stopped for longer than its lease lives, and another one be let in, so what it protects must look at
/// the <see cref="FencingToken"/>: in this store by <see cref="IsHeld"/> as a condition of every write, elsewhere by refusing smaller tokens than the largest seen.
/// </summary>
public sealed class VecheLock : IAsyncDisposable
{
    private readonly ContenderPlace _place;

    internal VecheLock(ContenderPlace place) => _place = place;

    /// <summary>The key that stands for it.</summary>
    public Bytes Key => _place.Key;

    /// <summary>The key's create revision: larger than that of everybody who held the lock before.</summary>
    public long FencingToken => _place.Revision;

    /// <summary>Cancelled when its lease is lost.</summary>
    public CancellationToken Lost => _place.Lease.Lost;

    /// <summary>Holds as long as the lock is held, for <see cref="Transaction.When"/>.</summary>
    public Condition IsHeld() => Condition.CreatedAt(Key, FencingToken);

    /// <summary>Gives it back. When that fails, it goes with its lease.</summary>
    public async ValueTask DisposeAsync() => await _place.LeaveAsync(CancellationToken.None).ConfigureAwait(false);
}

/// <summary>A leadership that is held. What is said of <see cref="VecheLock"/> holds for it too.</summary>
public sealed class VecheLeadership : IAsyncDisposable
{
    private readonly ContenderPlace _place;

    internal VecheLeadership(ContenderPlace place) => _place = place;

    /// <summary>The key that stands for it.</summary>
    public Bytes Key => _place.Key;

    /// <summary>The key's create revision: larger than that of everybody who led before.</summary>
    public long FencingToken => _place.Revision;

    /// <summary>Cancelled when its lease is lost.</summary>
    public CancellationToken Lost => _place.Lease.Lost;

    /// <summary>Holds as long as it leads, for <see cref="Transaction.When"/>.</summary>
    public Condition IsLeading() => Condition.CreatedAt(Key, FencingToken);

    /// <summary>Changes what others see of the leader.</summary>
    /// <exception cref="LeaseLostException">It leads no more.</exception>
    public async Task ProclaimAsync(Bytes value, CancellationToken cancellationToken = default)
    {
        if (!await _place.SetValueAsync(value, cancellationToken).ConfigureAwait(false))
        {
            throw new LeaseLostException(_place.Lease.Id);
        }
    }

    /// <summary>Resigns. When that fails, it goes with its lease.</summary>
    public async ValueTask DisposeAsync() => await _place.LeaveAsync(CancellationToken.None).ConfigureAwait(false);
}
