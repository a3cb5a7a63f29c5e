using Grpc.Core;
using Veche.Api;
using Veche.Client.Transport;

namespace Veche.Client;

/// <summary>
/// A lease that is kept alive until it is disposed. What is attached to it goes away with it. It is lost when no member has confirmed it for its
/// whole time to live, by this process's own clock, counted from when the last confirmed question left: from then on others may hold what it held.
/// </summary>
public sealed class VecheLease : IAsyncDisposable
{
    private readonly VecheClient _client;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _alive;
    private TimeSpan _timeToLive;
    private long _confirmed;

    internal VecheLease(VecheClient client, long id, TimeSpan timeToLive, long askedAt, bool keepAlive)
    {
        _client = client;
        Id = id;
        _timeToLive = timeToLive;
        _confirmed = askedAt;
        Lost = _lost.Token;
        _alive = Task.Run(() => WatchOverAsync(keepAlive));
    }

    /// <summary>Its id.</summary>
    public long Id { get; }

    /// <summary>How long it lives without a sign of life, as the server granted it.</summary>
    public TimeSpan TimeToLive => _timeToLive;

    /// <summary>Cancelled when it is lost. Pass it to whatever must not go on without it; the fencing token is what makes that safe.</summary>
    public CancellationToken Lost { get; }

    /// <summary>True when it is lost.</summary>
    public bool IsLost => Lost.IsCancellationRequested;

    private TimeSpan Left => _timeToLive - _client.Time.GetElapsedTime(Volatile.Read(ref _confirmed));

    /// <summary>Stops keeping it alive, and revokes it, so that what is attached to it goes at once. When that fails, it goes in time.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _alive.ConfigureAwait(false);
        if (!IsLost)
        {
            try
            {
                await _client.CallAsync(Attempts.Of((member, call) => new Lease.LeaseClient(member).LeaseRevokeAsync(new LeaseRevokeRequest { ID = Id }, call)), Repetition.Harmless, isWrite: true, CancellationToken.None).ConfigureAwait(false);
            }
            catch (VecheException)
            {
                // It runs out by itself.
            }

            await _lost.CancelAsync().ConfigureAwait(false);
        }

        _stop.Dispose();
    }

    internal void ThrowIfLost()
    {
        if (IsLost)
        {
            throw new LeaseLostException(Id);
        }
    }

    private async Task WatchOverAsync(bool keepAlive)
    {
        try
        {
            while (Left is { } left && left > TimeSpan.Zero)
            {
                if (!keepAlive)
                {
                    await Task.Delay(left, _client.Time, _stop.Token).ConfigureAwait(false);
                }
                else if (!await RenewAsync(left).ConfigureAwait(false))
                {
                    break;
                }
            }

            await _lost.CancelAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Disposed.
        }
    }

    /// <summary>Asks once, then waits until the next time; false when the cluster knows it no more.</summary>
    private async Task<bool> RenewAsync(TimeSpan left)
    {
        long asked = _client.Time.GetTimestamp();
        try
        {
            TimeSpan patience = left < _client.Options.Timeout ? left : _client.Options.Timeout;
            (long seconds, _) = await _client.CallAsync<long>(AskAsync, Repetition.Harmless, isWrite: false, _stop.Token, patience).ConfigureAwait(false);
            if (seconds <= 0)
            {
                return false;
            }

            _timeToLive = TimeSpan.FromSeconds(seconds);
            Volatile.Write(ref _confirmed, asked);
        }
        catch (VecheException)
        {
            // Nobody answers; it has its time, and is asked for again soon.
            await Task.Delay(_client.Options.RetryDelay, _client.Time, _stop.Token).ConfigureAwait(false);
            return true;
        }

        await Task.Delay(_timeToLive / 3, _client.Time, _stop.Token).ConfigureAwait(false);
        return true;
    }

    private async Task<(long Answer, Metadata Trailers)> AskAsync(CallInvoker member, CallOptions options)
    {
        using AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> call = new Lease.LeaseClient(member).LeaseKeepAlive(options);
        await call.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = Id }, options.CancellationToken).ConfigureAwait(false);
        return await call.ResponseStream.MoveNext(options.CancellationToken).ConfigureAwait(false)
            ? (call.ResponseStream.Current.TTL, [])
            : throw new RpcException(new Status(StatusCode.Unavailable, "the stream ended without an answer"));
    }
}
