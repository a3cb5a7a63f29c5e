using System.Globalization;
using Veche.Api;

namespace Veche.Client;

/// <summary>
/// The place of a contender for a lock or an election: a key under the name, called after its lease and gone with it. Who was created first has
/// its turn. As etcd's own clients do it, so both keep out of each other's way. The place outlives connections and members; only the lease ends it.
/// </summary>
internal sealed class ContenderPlace
{
    private readonly VecheClient _client;
    private readonly string _prefix;

    private ContenderPlace(VecheClient client, string prefix, Bytes key, long revision, VecheLease lease)
    {
        _client = client;
        _prefix = prefix;
        Key = key;
        Revision = revision;
        Lease = lease;
    }

    public Bytes Key { get; }

    /// <summary>When it was created: larger than that of everybody who held it before.</summary>
    public long Revision { get; }

    public VecheLease Lease { get; }

    public static async Task<ContenderPlace> EnterAsync(VecheClient client, string name, VecheLease lease, Bytes value, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(lease);
        lease.ThrowIfLost();
        string prefix = name + "/";
        Bytes key = prefix + lease.Id.ToString("x", CultureInfo.InvariantCulture);

        // Done twice it finds its own key, with the same value, and comes to the same.
        Transaction enter = new Transaction { IsHarmlessTwice = true }
            .When(Condition.Missing(key))
            .Then(Operation.Put(key, value, lease))
            .Otherwise(Operation.Read(KeyRange.Of(key)));
        TransactionResult entered = await client.CommitAsync(enter, null, cancellationToken).ConfigureAwait(false);
        if (entered.Succeeded)
        {
            return new ContenderPlace(client, prefix, key, entered.Info.Revision, lease);
        }

        var place = new ContenderPlace(client, prefix, key, entered.Reads[0]![0].CreateRevision, lease);
        if (entered.Reads[0]![0].Value != value)
        {
            await place.SetValueAsync(value, cancellationToken).ConfigureAwait(false);
        }

        return place;
    }

    public async Task WaitForTurnAsync(TimeSpan? wait, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(wait ?? Timeout.InfiniteTimeSpan, _client.Time);
        using var any = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token, Lease.Lost);
        try
        {
            while (await BeforeAsync(any.Token).ConfigureAwait(false) is { } before)
            {
                await WaitUntilGoneAsync(before.Key, before.Revision + 1, any.Token).ConfigureAwait(false);
            }

            // An empty queue in front says nothing when the own place is gone.
            if (await _client.GetAsync(Key, null, any.Token).ConfigureAwait(false) is not { } own || own.CreateRevision != Revision)
            {
                throw new LeaseLostException(Lease.Id);
            }
        }
        catch (OperationCanceledException)
        {
            Lease.ThrowIfLost();
            await LeaveAsync(CancellationToken.None).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException($"others were before {Key} for {wait}");
        }
        catch (VecheException exception) when (exception is not LeaseLostException)
        {
            await LeaveAsync(CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>True when it was still this contender's.</summary>
    public async Task<bool> SetValueAsync(Bytes value, CancellationToken cancellationToken) =>
        (await _client.CommitAsync(new Transaction { IsHarmlessTwice = true }.When(Condition.CreatedAt(Key, Revision)).Then(Operation.Put(Key, value, Lease)), null, cancellationToken).ConfigureAwait(false)).Succeeded;

    public async Task LeaveAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _client.CommitAsync(new Transaction { IsHarmlessTwice = true }.When(Condition.CreatedAt(Key, Revision)).Then(Operation.Delete(KeyRange.Of(Key))), null, cancellationToken).ConfigureAwait(false);
        }
        catch (VecheException)
        {
            // It goes with its lease.
        }
    }

    /// <summary>The contender right before this one, and the revision at which it was seen.</summary>
    private async Task<(Bytes Key, long Revision)?> BeforeAsync(CancellationToken cancellationToken)
    {
        KeyRange range = KeyRange.Prefix(_prefix);
        var request = new RangeRequest
        {
            Key = range.Start.Raw,
            RangeEnd = range.End.Raw,
            MaxCreateRevision = Revision - 1,
            SortTarget = RangeRequest.Types.SortTarget.Create,
            SortOrder = RangeRequest.Types.SortOrder.Descend,
            Limit = 1,
        };

        // Linearizable whatever the defaults are: who decides by an old state lets two in.
        (RangeResponse found, ReplyInfo info) = await _client.ReadAsync((member, call) => new KV.KVClient(member).RangeAsync(request, call), static answer => answer.Header, new CallSettings { ReadConcern = ReadConcern.Linearizable }, cancellationToken).ConfigureAwait(false);
        return found.Kvs is [{ } before] ? (new Bytes(before.Key), info.Revision) : null;
    }

    private async Task WaitUntilGoneAsync(Bytes key, long fromRevision, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (WatchBatch batch in _client.WatchAsync(KeyRange.Of(key), new WatchOptions { FromRevision = fromRevision }, cancellationToken).ConfigureAwait(false))
            {
                if (batch.Changes.Any(static change => change.IsDeletion))
                {
                    return;
                }
            }
        }
        catch (WatchCompactedException)
        {
            // Time to look again.
        }
    }
}
