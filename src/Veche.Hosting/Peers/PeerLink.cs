using System.Net;
using System.Net.Sockets;
using Veche.Raft;

namespace Veche.Hosting.Peers;

/// <summary>
/// The way out to one other member: a connection that is kept up, and what waits to be sent on it. What cannot be sent is dropped:
/// the protocol expects losses, and a queue for an absent member would only grow.
/// </summary>
internal sealed class PeerLink : IAsyncDisposable
{
    /// <summary>Unsent bytes after which a connection counts as stuck and is dropped.</summary>
    private const int MaxUnsentBytes = 64 << 20;

    private static readonly TimeSpan ReconnectDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan MaxReconnectDelay = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly PeerDialer _dialer;
    private readonly Func<MemberId, DnsEndPoint?> _addressOf;
    private readonly PeerMetrics _metrics;
    private readonly Action<MemberId> _lost;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private SendBuffer _buffer = new();
    private SendBuffer _spare = new();
    private PeerConnection? _connection;
    private bool _sending;
    private long _connectedSinceNs;

    public PeerLink(MemberId peer, PeerDialer dialer, Func<MemberId, DnsEndPoint?> addressOf, PeerMetrics metrics, Action<MemberId> lost)
    {
        Peer = peer;
        _dialer = dialer;
        _addressOf = addressOf;
        _metrics = metrics;
        _lost = lost;
        _running = Task.Run(RunAsync);
    }

    public MemberId Peer { get; }

    public bool IsConnected => Volatile.Read(ref _connection) is not null;

    /// <summary>When the connection was made, on the monotonic clock; 0 while there is none.</summary>
    public long ConnectedSinceNs => Interlocked.Read(ref _connectedSinceNs);

    /// <summary>Adds frames to what is sent next; false when there is no connection. <see cref="Flush"/> sends.</summary>
    public bool Write<TState>(TState state, Action<SendBuffer, TState> encode)
    {
        lock (_lock)
        {
            if (_connection is null)
            {
                return false;
            }

            encode(_buffer, state);
            if (_buffer.Length > MaxUnsentBytes)
            {
                _connection.Abort();
            }

            return true;
        }
    }

    /// <summary>Sends what was written: at once on this thread when the kernel takes it, in the background otherwise.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            if (_connection is null || _sending || _buffer.Length == 0)
            {
                return;
            }

            int sent = _connection.TrySendNow(_buffer.Written.Span);
            _metrics.Sent(Math.Max(sent, 0));
            if (sent == _buffer.Length)
            {
                _buffer.Clear();
                return;
            }

            _sending = true;
            _ = SendInBackgroundAsync(_connection, Math.Max(sent, 0));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        lock (_lock)
        {
            _connection?.Abort();
        }

        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task SendInBackgroundAsync(PeerConnection connection, int alreadySent)
    {
        // Leave the caller's lock first.
        await Task.Yield();
        try
        {
            while (true)
            {
                SendBuffer sending;
                lock (_lock)
                {
                    if (_buffer.Length == 0 || !ReferenceEquals(_connection, connection))
                    {
                        _sending = false;
                        return;
                    }

                    sending = _buffer;
                    _buffer = _spare;
                }

                await connection.Stream.WriteAsync(sending.Written[alreadySent..], _stop.Token).ConfigureAwait(false);
                _metrics.Sent(sending.Length - alreadySent);
                alreadySent = 0;
                sending.Clear();
                _spare = sending;
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException or OperationCanceledException or SocketException)
        {
            // The reader of the same connection sees the end of it too, and says so.
            connection.Abort();
            lock (_lock)
            {
                _spare = new SendBuffer();
                _sending = false;
            }
        }
    }

    private async Task RunAsync()
    {
        TimeSpan delay = ReconnectDelay;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (_addressOf(Peer) is { } address)
                {
                    using PeerConnection connection = await _dialer.DialAsync(Peer, address, ConnectionPurpose.Messages, _stop.Token).ConfigureAwait(false);
                    delay = ReconnectDelay;
                    Open(connection);
                    try
                    {
                        // Nothing is ever received here; a read ends when the connection does.
                        await connection.Stream.ReadAsync(new byte[1], _stop.Token).ConfigureAwait(false);
                    }
                    finally
                    {
                        Close(connection);
                    }
                }
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or TimeoutException or System.Security.Authentication.AuthenticationException)
            {
                _dialer.Note(Peer, exception);
            }

            try
            {
                await Task.Delay(delay, _stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            delay = delay * 2 < MaxReconnectDelay ? delay * 2 : MaxReconnectDelay;
        }
    }

    private void Open(PeerConnection connection)
    {
        _dialer.Connected(Peer);
        lock (_lock)
        {
            _buffer.Clear();
            _connection = connection;
        }

        Interlocked.Exchange(ref _connectedSinceNs, MonotonicClock.Read());
    }

    private void Close(PeerConnection connection)
    {
        connection.Abort();
        Interlocked.Exchange(ref _connectedSinceNs, 0);
        lock (_lock)
        {
            _connection = null;
            _buffer = new SendBuffer();
        }

        if (!_stop.IsCancellationRequested)
        {
            _lost(Peer);
        }
    }
}
