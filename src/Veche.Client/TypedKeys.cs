using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Veche.Client;

/// <summary>How values of a type become bytes, and back.</summary>
public interface IValueCodec<T>
{
    /// <summary>The bytes of a value.</summary>
    Bytes Encode(T value);

    /// <summary>The value of bytes.</summary>
    T Decode(Bytes bytes);
}

/// <summary>Values as JSON.</summary>
/// <param name="type">What the serializer knows of the type, as its source generator makes it.</param>
public sealed class JsonCodec<T>(JsonTypeInfo<T> type) : IValueCodec<T>
{
    /// <inheritdoc/>
    public Bytes Encode(T value) => JsonSerializer.SerializeToUtf8Bytes(value, type);

    /// <inheritdoc/>
    /// <exception cref="JsonException">They are no JSON of the type.</exception>
    public T Decode(Bytes bytes) => JsonSerializer.Deserialize(bytes.Memory.Span, type) ?? throw new JsonException("The value is null.");
}

/// <summary>A value and the revision it was written at.</summary>
/// <param name="Value">The value.</param>
/// <param name="Revision">When it was last written: for <see cref="TypedKeys{T}.TryReplaceAsync"/>.</param>
public sealed record Versioned<T>(T Value, long Revision);

/// <summary>Values of one type under a prefix.</summary>
public sealed class TypedKeys<T>
{
    private readonly VecheClient _client;
    private readonly string _prefix;
    private readonly IValueCodec<T> _codec;

    internal TypedKeys(VecheClient client, string prefix, IValueCodec<T> codec)
    {
        _client = client;
        _prefix = prefix;
        _codec = codec;
    }

    /// <summary>Reads one.</summary>
    /// <returns>Null when it is not there.</returns>
    public async Task<Versioned<T>?> GetAsync(string name, CallSettings? settings = null, CancellationToken cancellationToken = default) =>
        await _client.GetAsync(_prefix + name, settings, cancellationToken).ConfigureAwait(false) is { } item ? new Versioned<T>(_codec.Decode(item.Value), item.ModRevision) : null;

    /// <summary>Writes one.</summary>
    public Task<PutResult> PutAsync(string name, T value, VecheLease? lease = null, CallSettings? settings = null, CancellationToken cancellationToken = default) =>
        _client.PutAsync(_prefix + name, _codec.Encode(value), lease, wantsPrevious: false, settings, cancellationToken);

    /// <summary>Writes one if nobody has changed it since a revision.</summary>
    /// <param name="name">Which.</param>
    /// <param name="value">The new value.</param>
    /// <param name="revision">When it was last written, as read; 0 when it was not there.</param>
    /// <param name="settings">What the call asks for beside that.</param>
    /// <param name="cancellationToken">Ends the wait, not the write.</param>
    /// <returns>False when somebody has; nothing was changed then.</returns>
    public async Task<bool> TryReplaceAsync(string name, T value, long revision, CallSettings? settings = null, CancellationToken cancellationToken = default) =>
        (await _client.CommitAsync(new Transaction().When(Condition.ModifiedAt(_prefix + name, revision)).Then(Operation.Put(_prefix + name, _codec.Encode(value))), settings, cancellationToken).ConfigureAwait(false)).Succeeded;

    /// <summary>Reads all.</summary>
    public async Task<IReadOnlyDictionary<string, Versioned<T>>> GetAllAsync(CallSettings? settings = null, CancellationToken cancellationToken = default) =>
        (await _client.RangeAsync(KeyRange.Prefix(_prefix), null, settings, cancellationToken).ConfigureAwait(false)).Items
            .ToDictionary(item => item.Key.ToString()[_prefix.Length..], item => new Versioned<T>(_codec.Decode(item.Value), item.ModRevision), StringComparer.Ordinal);
}
