using Veche.Api;

namespace Veche.Client;

/// <summary>Leases, locks and elections.</summary>
public sealed partial class VecheClient
{
    /// <summary>Grants a lease and keeps it alive.</summary>
    /// <param name="timeToLive">How long it lives without a sign of life: whole seconds, at least 1. The server may give more.</param>
    /// <param name="keepAlive">False to let it run out.</param>
    /// <param name="settings">What the call asks for beside that.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<VecheLease> GrantLeaseAsync(TimeSpan timeToLive, bool keepAlive = true, CallSettings? settings = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(timeToLive, TimeSpan.FromSeconds(1));
        long asked = Time.GetTimestamp();

        // One that is granted twice, when no answer came, runs out by itself.
        (LeaseGrantResponse granted, _) = await WriteAsync((member, call) => new Lease.LeaseClient(member).LeaseGrantAsync(new LeaseGrantRequest { TTL = (long)Math.Ceiling(timeToLive.TotalSeconds) }, call), static answer => answer.Header, settings, cancellationToken, harmlessTwice: true).ConfigureAwait(false);
        return new VecheLease(this, granted.ID, TimeSpan.FromSeconds(granted.TTL), asked, keepAlive);
    }

    /// <summary>Waits until it holds a lock. etcd's locks of the same name are the same locks.</summary>
    /// <param name="name">Name of the lock.</param>
    /// <param name="lease">Held as long as this lives; a lease holds a lock once.</param>
    /// <param name="wait">How long to wait; null for as long as it takes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TimeoutException">Others held it all the time.</exception>
    /// <exception cref="LeaseLostException">The lease ran out meanwhile.</exception>
    public async Task<VecheLock> LockAsync(string name, VecheLease lease, TimeSpan? wait = null, CancellationToken cancellationToken = default)
    {
        ContenderPlace place = await ContenderPlace.EnterAsync(this, name, lease, string.Empty, cancellationToken).ConfigureAwait(false);
        await place.WaitForTurnAsync(wait, cancellationToken).ConfigureAwait(false);
        return new VecheLock(place);
    }

    /// <summary>Waits until it leads. etcd's elections of the same name are the same elections.</summary>
    /// <param name="name">Name of the election.</param>
    /// <param name="value">What others see of the leader.</param>
    /// <param name="lease">Leads as long as this lives.</param>
    /// <param name="wait">How long to wait; null for as long as it takes.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="TimeoutException">Others led all the time.</exception>
    /// <exception cref="LeaseLostException">The lease ran out meanwhile.</exception>
    public async Task<VecheLeadership> CampaignAsync(string name, Bytes value, VecheLease lease, TimeSpan? wait = null, CancellationToken cancellationToken = default)
    {
        ContenderPlace place = await ContenderPlace.EnterAsync(this, name, lease, value, cancellationToken).ConfigureAwait(false);
        await place.WaitForTurnAsync(wait, cancellationToken).ConfigureAwait(false);
        return new VecheLeadership(place);
    }

    /// <summary>Who leads an election: its value and, as the create revision, its fencing token.</summary>
    /// <returns>Null when nobody does.</returns>
    public async Task<Item?> GetElectedAsync(string name, CallSettings? settings = null, CancellationToken cancellationToken = default)
    {
        KeyRange range = KeyRange.Prefix(name + "/");
        var request = new RangeRequest
        {
            Key = range.Start.Raw,
            RangeEnd = range.End.Raw,
            SortTarget = RangeRequest.Types.SortTarget.Create,
            SortOrder = RangeRequest.Types.SortOrder.Ascend,
            Limit = 1,
        };
        (RangeResponse first, _) = await ReadAsync((member, call) => new KV.KVClient(member).RangeAsync(request, call), static answer => answer.Header, settings, cancellationToken).ConfigureAwait(false);
        return first.Kvs is [{ } leader] ? Item.Of(leader) : null;
    }
}
