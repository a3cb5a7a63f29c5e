using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting.Peers;

/// <summary>Accepts connections of other members, greets them, and hands on what they bring.</summary>
internal sealed class PeerListener : IAsyncDisposable
{
    /// <summary>Connections open at once; far more than members times purposes.</summary>
    private const int MaxConnections = 1024;

    private static readonly TimeSpan HandshakeTimeout = TimeSpan.FromSeconds(10);

    private readonly ReplicaHostOptions _options;
    private readonly PeerTls? _tls;
    private readonly int _stuckAfterMs;
    private readonly IPeerLog _log;
    private readonly IPeerReceiver _receiver;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<Socket> _listening = [];
    private readonly List<Task> _accepting = [];
    private readonly Lock _lock = new();
    
    /// <summary>Open connections, and who is at the other end once it has said so.</summary>
    private readonly Dictionary<Socket, MemberId> _open = [];

    public PeerListener(ReplicaHostOptions options, int stuckAfterMs, IPeerLog log, IPeerReceiver receiver)
    {
        _options = options;
        _tls = options.Tls;
        _stuckAfterMs = stuckAfterMs;
        _log = log;
        _receiver = receiver;
    }

    /// <summary>Binds all endpoints; returns what they were bound to.</summary>
    /// <exception cref="SocketException">An endpoint is in use or not of this machine.</exception>
    public IReadOnlyList<IPEndPoint> Bind(IReadOnlyList<IPEndPoint> endpoints)
    {
        List<IPEndPoint> bound = [];
        foreach (IPEndPoint endpoint in endpoints)
        {
            var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            _listening.Add(socket);
            socket.Bind(endpoint);
            socket.Listen(128);
            bound.Add((IPEndPoint)socket.LocalEndPoint!);
        }

        return bound;
    }

    public void Start()
    {
        foreach (Socket socket in _listening)
        {
            _accepting.Add(Task.Run(() => AcceptAsync(socket)));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        foreach (Socket socket in _listening)
        {
            socket.Dispose();
        }

        lock (_lock)
        {
            foreach (Socket socket in _open.Keys)
            {
                socket.Dispose();
            }
        }

        await Task.WhenAll(_accepting).ConfigureAwait(false);
        _stop.Dispose();
    }

    /// <summary>Closes every connection of a member. It may connect again, and is judged anew.</summary>
    public void Disconnect(MemberId member)
    {
        lock (_lock)
        {
            foreach ((Socket socket, MemberId from) in _open)
            {
                if (from == member)
                {
                    socket.Dispose();
                }
            }
        }
    }

    private async Task AcceptAsync(Socket listening)
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await listening.AcceptAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (Exception exception) when (exception is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException exception)
            {
                if (_stop.IsCancellationRequested)
                {
                    return;
                }

                _log.PeerRefused("a connection", exception.Message);
                continue;
            }

            lock (_lock)
            {
                if (_open.Count >= MaxConnections)
                {
                    socket.Dispose();
                    continue;
                }

                _open.Add(socket, MemberId.None);
            }

            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        string remote = socket.RemoteEndPoint?.ToString() ?? "unknown";
        try
        {
            socket.NoDelay = true;
            PeerSockets.DetectStuckPeers(socket, _stuckAfterMs);
            Stream stream = new NetworkStream(socket, ownsSocket: false);
            await using (stream.ConfigureAwait(false))
            {
                (Stream secured, Handshake hello)? greeted = await GreetAsync(stream, remote).ConfigureAwait(false);
                if (greeted is not { } peer)
                {
                    return;
                }

                if (peer.hello.Purpose == ConnectionPurpose.Membership)
                {
                    await DescribeAsync(peer.secured).ConfigureAwait(false);
                    return;
                }

                lock (_lock)
                {
                    _open[socket] = peer.hello.From;
                }

                // Somebody may have been removed between the judgement and now.
                if (_options.Judge?.Invoke(peer.hello.From, peer.hello.Incarnation) is not (null or PeerVerdict.Welcome))
                {
                    return;
                }

                if (peer.hello.Purpose is ConnectionPurpose.Snapshot or ConnectionPurpose.WitnessSnapshot)
                {
                    await _receiver.ReceiveSnapshotAsync(peer.hello.From, peer.hello.Purpose == ConnectionPurpose.WitnessSnapshot, peer.secured, _stop.Token).ConfigureAwait(false);
                }
                else
                {
                    await ReceiveFramesAsync(peer.hello.From, peer.secured).ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or ObjectDisposedException or System.Security.Authentication.AuthenticationException)
        {
            if (!_stop.IsCancellationRequested && exception is System.Security.Authentication.AuthenticationException)
            {
                _log.PeerRefused(remote, exception.Message);
            }
        }
        catch (InvalidDataException exception)
        {
            _log.PeerRefused(remote, exception.Message);
        }
        finally
        {
            lock (_lock)
            {
                _open.Remove(socket);
            }

            socket.Dispose();
        }
    }

    private async Task<(Stream Stream, Handshake Hello)?> GreetAsync(Stream stream, string remote)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        timeout.CancelAfter(HandshakeTimeout);
        if (_tls is not null)
        {
            var secured = new SslStream(stream, leaveInnerStreamOpen: false);
            await secured.AuthenticateAsServerAsync(_tls.Server(), timeout.Token).ConfigureAwait(false);
            stream = secured;
        }

        byte[] hello = new byte[Handshake.Length];
        await stream.ReadExactlyAsync(hello, timeout.Token).ConfigureAwait(false);
        HandshakeStatus status = Handshake.TryRead(hello, out Handshake handshake) ? handshake.Judge(_options.ClusterId, _options.Id, _options.Judge) : HandshakeStatus.Malformed;
        await stream.WriteAsync(new[] { (byte)status }, timeout.Token).ConfigureAwait(false);
        await stream.FlushAsync(timeout.Token).ConfigureAwait(false);
        if (status != HandshakeStatus.Welcome)
        {
            _log.PeerRefused(remote, $"its handshake was answered with {status}");
            return null;
        }

        return (stream, handshake);
    }

    private async Task DescribeAsync(Stream stream)
    {
        ReadOnlyMemory<byte> description = _options.Describe?.Invoke() ?? default;
        byte[] answer = new byte[4 + description.Length];
        BinaryPrimitives.WriteInt32LittleEndian(answer, description.Length);
        description.Span.CopyTo(answer.AsSpan(4));
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        timeout.CancelAfter(HandshakeTimeout);
        await stream.WriteAsync(answer, timeout.Token).ConfigureAwait(false);
        await stream.FlushAsync(timeout.Token).ConfigureAwait(false);

        // The other side closes when it has everything.
        await stream.ReadAsync(new byte[1], timeout.Token).ConfigureAwait(false);
    }

    private async Task ReceiveFramesAsync(MemberId from, Stream stream)
    {
        byte[] buffer = new byte[64 << 10];
        int filled = 0;
        List<ReplicaInput> batch = [];
        while (true)
        {
            int read = await stream.ReadAsync(buffer.AsMemory(filled), _stop.Token).ConfigureAwait(false);
            if (read == 0)
            {
                return;
            }

            filled += read;
            _receiver.ReceivedBytes(from, read);
            int consumed = 0;
            while (filled - consumed >= Frames.HeaderLength)
            {
                int length = BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(consumed));
                if (length is < 0 or > Frames.MaxBodyBytes)
                {
                    throw new InvalidDataException($"a frame claims {length} bytes; at most {Frames.MaxBodyBytes} are allowed");
                }

                int whole = Frames.HeaderLength + length;
                if (filled - consumed < whole)
                {
                    if (buffer.Length < whole)
                    {
                        // A long frame is on its way: make room for it, but only as its bytes really come.
                        int size = Math.Min(Math.Max(whole, buffer.Length), Math.Max(buffer.Length * 2, filled - consumed + (64 << 10)));
                        if (size > buffer.Length)
                        {
                            byte[] larger = new byte[size];
                            buffer.AsSpan(consumed, filled - consumed).CopyTo(larger);
                            buffer = larger;
                            filled -= consumed;
                            consumed = 0;
                        }
                    }

                    break;
                }

                _receiver.ReceiveFrame(from, (FrameKind)buffer[consumed + 4], buffer.AsSpan(consumed + Frames.HeaderLength, length), batch);
                consumed += whole;
            }

            if (batch.Count > 0)
            {
                _receiver.Deliver(batch);
                batch.Clear();
            }

            if (consumed > 0)
            {
                buffer.AsSpan(consumed, filled - consumed).CopyTo(buffer);
                filled -= consumed;
            }

            if (buffer.Length > (4 << 20) && filled < (64 << 10))
            {
                Array.Resize(ref buffer, 64 << 10);
            }
        }
    }
}

/// <summary>Takes what other members send. Each connection calls it from one thread at a time; different connections at the same time.</summary>
internal interface IPeerReceiver
{
    /// <summary>One frame. What it brings for the replica is added to <paramref name="batch"/>. The span is only valid during the call.</summary>
    /// <exception cref="InvalidDataException">The frame makes no sense; its connection is closed.</exception>
    void ReceiveFrame(MemberId from, FrameKind kind, ReadOnlySpan<byte> body, List<ReplicaInput> batch);

    /// <summary>Everything that arrived together, for the replica.</summary>
    void Deliver(List<ReplicaInput> batch);

    /// <summary>Counts bytes.</summary>
    void ReceivedBytes(MemberId from, int count);

    /// <summary>Receives a snapshot on a connection of its own.</summary>
    Task ReceiveSnapshotAsync(MemberId from, bool forWitness, Stream stream, CancellationToken cancellationToken);
}
