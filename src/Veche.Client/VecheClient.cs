using Grpc.Core;
using Veche.Api;
using Veche.Client.Transport;

namespace Veche.Client;

/// <summary>
/// A client of a cluster. Finds the members that answer and the one that leads, gives every call a deadline, repeats what may be repeated with
/// growing and random delays within a budget, and leaves members alone that fail. A write whose outcome is unknown is never repeated, unless it
/// is in a <see cref="ClientSession"/>. For any number of threads; one for a process is enough.
/// </summary>
public sealed partial class VecheClient : IAsyncDisposable
{
    private readonly Transport.Cluster _cluster;
    private readonly System.Threading.Lock _tokenLock = new();
    private string? _lastToken;
    private long _lastTokenRevision;

    /// <summary>Creates a client; it connects when it is first used.</summary>
    /// <exception cref="ArgumentException">A setting is out of its range; the message says which.</exception>
    public VecheClient(VecheClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        Options = options;
        _cluster = new Transport.Cluster(options);
    }

    /// <summary>Creates a client with default settings.</summary>
    /// <param name="endpoints">The members, as <c>http://host:port</c>.</param>
    public VecheClient(params IReadOnlyList<string> endpoints)
        : this(new VecheClientOptions { Endpoints = endpoints })
    {
    }

    /// <summary>Its settings.</summary>
    public VecheClientOptions Options { get; }

    /// <summary>The token of the latest revision that this client has written or seen; null when no server has given one. For <see cref="CallSettings.After"/> of another client.</summary>
    public string? LastToken
    {
        get
        {
            lock (_tokenLock)
            {
                return _lastToken;
            }
        }
    }

    internal TimeProvider Time => Options.TimeProvider;

    /// <summary>Asks all members who leads.</summary>
    /// <returns>Where it is reached, as in <see cref="VecheClientOptions.Endpoints"/>; null when nobody says that it leads.</returns>
    public Task<string?> FindLeaderAsync(CancellationToken cancellationToken = default) => _cluster.FindLeaderAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _cluster.Dispose();
        return ValueTask.CompletedTask;
    }

    internal async Task<(T Answer, ReplyInfo Info)> ReadAsync<T>(Func<CallInvoker, CallOptions, AsyncUnaryCall<T>> call, Func<T, ResponseHeader?> header, CallSettings? settings, CancellationToken cancellationToken)
    {
        CallSettings asked = Settle(settings);
        return Noted(await _cluster.CallAsync(Attempts.Of(call), Repetition.Harmless, isWrite: false, ReplyHeaders.Of(asked, isWrite: false, LastToken), asked.Timeout ?? Options.Timeout, cancellationToken).ConfigureAwait(false), header);
    }

    /// <summary>Makes a write. What changes nothing when it is done twice may be repeated also outside a session.</summary>
    internal async Task<(T Answer, ReplyInfo Info)> WriteAsync<T>(Func<CallInvoker, CallOptions, AsyncUnaryCall<T>> call, Func<T, ResponseHeader?> header, CallSettings? settings, CancellationToken cancellationToken, bool harmlessTwice = false)
    {
        CallSettings asked = Settle(settings);
        Metadata headers = ReplyHeaders.Of(asked, isWrite: true, null);
        if (asked.Session is not { } session)
        {
            return Noted(await _cluster.CallAsync(Attempts.Of(call), harmlessTwice ? Repetition.Harmless : Repetition.OnlyIfNotBegun, isWrite: true, headers, asked.Timeout ?? Options.Timeout, cancellationToken).ConfigureAwait(false), header);
        }

        using ClientSession.Turn turn = await session.BeginAsync(cancellationToken).ConfigureAwait(false);
        ReplyHeaders.InSession(headers, session.Id, turn.Sequence);
        return Noted(await _cluster.CallAsync(Attempts.Of(call), Repetition.Numbered, isWrite: true, headers, asked.Timeout ?? Options.Timeout, cancellationToken, ReplyHeaders.OutcomeInSession(session.Id, turn.Sequence)).ConfigureAwait(false), header);
    }

    internal Task<(T Answer, Metadata Trailers)> CallAsync<T>(Attempt<T> attempt, Repetition repetition, bool isWrite, CancellationToken cancellationToken, TimeSpan? timeout = null) =>
        _cluster.CallAsync(attempt, repetition, isWrite, [], timeout ?? Options.Timeout, cancellationToken);

    private CallSettings Settle(CallSettings? settings) => settings?.Over(Options.Defaults) ?? Options.Defaults;

    private (T Answer, ReplyInfo Info) Noted<T>((T Answer, Metadata Trailers) done, Func<T, ResponseHeader?> header)
    {
        ReplyInfo info = ReplyHeaders.Read(done.Trailers, header(done.Answer)?.Revision ?? 0);
        if (info.Token is { } token)
        {
            lock (_tokenLock)
            {
                if (info.Revision >= _lastTokenRevision)
                {
                    (_lastToken, _lastTokenRevision) = (token, info.Revision);
                }
            }
        }

        return (done.Answer, info);
    }
}
