using Veche.Api;

namespace Veche.Client;

/// <summary>Keys and values.</summary>
public sealed partial class VecheClient
{
    /// <summary>Reads a key.</summary>
    /// <returns>The key, or null when it is not there.</returns>
    public async Task<Item?> GetAsync(Bytes key, CallSettings? settings = null, CancellationToken cancellationToken = default) =>
        (await RangeAsync(KeyRange.Of(key), new RangeOptions(), settings, cancellationToken).ConfigureAwait(false)).Items is [{ } item] ? item : null;

    /// <summary>Reads a range of keys.</summary>
    /// <param name="range">Which.</param>
    /// <param name="options">How much of it, and as of when; null for all of it as it is now.</param>
    /// <param name="settings">What the call asks for beside that.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="VecheUnavailableException">No member answered in time.</exception>
    /// <exception cref="VecheRefusedException">The cluster refused.</exception>
    public async Task<RangeResult> RangeAsync(KeyRange range, RangeOptions? options = null, CallSettings? settings = null, CancellationToken cancellationToken = default)
    {
        options ??= new RangeOptions();
        var request = new RangeRequest
        {
            Key = range.Start.Raw,
            RangeEnd = range.End.Raw,
            Limit = options.Limit,
            Revision = options.Revision,
            KeysOnly = options.KeysOnly,
            CountOnly = options.CountOnly,

            // etcd knows two levels, and takes this for the weaker one; Veche goes by the metadata.
            Serializable = (settings?.ReadConcern ?? Options.Defaults.ReadConcern) == ReadConcern.Stale,
        };
        (RangeResponse response, ReplyInfo info) = await ReadAsync((member, call) => new KV.KVClient(member).RangeAsync(request, call), static answer => answer.Header, settings, cancellationToken).ConfigureAwait(false);
        return new RangeResult([.. response.Kvs.Select(Item.Of)], response.Count, response.More, info);
    }

    /// <summary>Writes a key.</summary>
    /// <param name="key">The key; not empty.</param>
    /// <param name="value">The value.</param>
    /// <param name="lease">A lease that the key goes away with; null for none.</param>
    /// <param name="wantsPrevious">Give back what was there before.</param>
    /// <param name="settings">What the call asks for beside that.</param>
    /// <param name="cancellationToken">Ends the wait, not the write: its outcome is unknown then.</param>
    /// <exception cref="VecheOutcomeUnknownException">No answer came; it may have been done.</exception>
    /// <exception cref="VecheUnavailableException">No member could do it in time; nothing was changed.</exception>
    /// <exception cref="VecheRefusedException">The cluster refused.</exception>
    public async Task<PutResult> PutAsync(Bytes key, Bytes value, VecheLease? lease = null, bool wantsPrevious = false, CallSettings? settings = null, CancellationToken cancellationToken = default)
    {
        var request = new PutRequest { Key = key.Raw, Value = value.Raw, Lease = lease?.Id ?? 0, PrevKv = wantsPrevious };
        (PutResponse response, ReplyInfo info) = await WriteAsync((member, call) => new KV.KVClient(member).PutAsync(request, call), static answer => answer.Header, settings, cancellationToken).ConfigureAwait(false);
        return new PutResult(response.PrevKv is { } previous ? Item.Of(previous) : null, info);
    }

    /// <summary>Deletes keys. Fails as <see cref="PutAsync"/> does.</summary>
    public async Task<DeleteResult> DeleteAsync(KeyRange range, CallSettings? settings = null, CancellationToken cancellationToken = default)
    {
        var request = new DeleteRangeRequest { Key = range.Start.Raw, RangeEnd = range.End.Raw };
        (DeleteRangeResponse response, ReplyInfo info) = await WriteAsync((member, call) => new KV.KVClient(member).DeleteRangeAsync(request, call), static answer => answer.Header, settings, cancellationToken).ConfigureAwait(false);
        return new DeleteResult(response.Deleted, info);
    }

    /// <summary>Does several things at one revision, or others when conditions do not hold. Fails as <see cref="PutAsync"/> does.</summary>
    public async Task<TransactionResult> CommitAsync(Transaction transaction, CallSettings? settings = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(transaction);
        (TxnResponse response, ReplyInfo info) = await WriteAsync((member, call) => new KV.KVClient(member).TxnAsync(transaction.Request, call), static answer => answer.Header, settings, cancellationToken, transaction.IsHarmlessTwice).ConfigureAwait(false);
        return new TransactionResult(response.Succeeded, [.. response.Responses.Select(static one => one.ResponseRange is { } range ? (IReadOnlyList<Item>)[.. range.Kvs.Select(Item.Of)] : null)], info);
    }

    /// <summary>Values of one type under a prefix.</summary>
    /// <param name="prefix">In front of every name.</param>
    /// <param name="codec">How values become bytes, such as <see cref="JsonCodec{T}"/>.</param>
    public TypedKeys<T> Typed<T>(string prefix, IValueCodec<T> codec) => new(this, prefix, codec);
}
