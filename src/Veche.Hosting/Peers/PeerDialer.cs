using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Veche.Raft;

namespace Veche.Hosting.Peers;

/// <summary>Opens connections to other members and greets them.</summary>
internal sealed class PeerDialer(MemberId self, ulong clusterId, ulong incarnation, PeerTls? tls, int stuckAfterMs, IPeerLog log, Action<PeerVerdict> expelled)
{
    private static readonly TimeSpan DialTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Last trouble told per member, so that a dead one is reported once and not every second.</summary>
    private readonly ConcurrentDictionary<MemberId, string> _told = [];

    /// <exception cref="IOException">Not reachable, or it answered that it is not who we look for.</exception>
    public async Task<PeerConnection> DialAsync(MemberId peer, DnsEndPoint address, ConnectionPurpose purpose, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(DialTimeout);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        PeerConnection? connection = null;
        try
        {
            await socket.ConnectAsync(address, timeout.Token).ConfigureAwait(false);
            PeerSockets.DetectStuckPeers(socket, stuckAfterMs);
            Stream stream = new NetworkStream(socket, ownsSocket: false);
            if (tls is not null)
            {
                var secured = new SslStream(stream, leaveInnerStreamOpen: false);
                await secured.AuthenticateAsClientAsync(tls.Client(address.Host), timeout.Token).ConfigureAwait(false);
                stream = secured;
            }

            connection = new PeerConnection(socket, stream, plain: tls is null);
            byte[] hello = new byte[Handshake.Length];
            new Handshake(Handshake.CurrentVersion, purpose, clusterId, self, peer, incarnation).Write(hello);
            await stream.WriteAsync(hello, timeout.Token).ConfigureAwait(false);
            await stream.FlushAsync(timeout.Token).ConfigureAwait(false);
            byte[] answer = new byte[1];
            await stream.ReadExactlyAsync(answer, timeout.Token).ConfigureAwait(false);
            if ((HandshakeStatus)answer[0] != HandshakeStatus.Welcome)
            {
                if ((HandshakeStatus)answer[0] is HandshakeStatus.Removed or HandshakeStatus.LostItsDisk)
                {
                    expelled((HandshakeStatus)answer[0] == HandshakeStatus.Removed ? PeerVerdict.Removed : PeerVerdict.LostItsDisk);
                }

                throw new IOException($"{address.Host}:{address.Port} refused the connection: {(HandshakeStatus)answer[0]}");
            }

            if (tls is null && purpose == ConnectionPurpose.Messages)
            {
                // So that a message can be tried on the loop's own thread without ever holding it up.
                socket.Blocking = false;
            }

            return connection;
        }
        catch (Exception exception)
        {
            connection?.Dispose();
            socket.Dispose();
            if (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                throw new IOException($"{address.Host}:{address.Port} did not answer within {DialTimeout.TotalSeconds} s", exception);
            }

            throw;
        }
    }

    public void Note(MemberId peer, Exception exception)
    {
        if (exception is OperationCanceledException)
        {
            return;
        }

        if (!_told.TryGetValue(peer, out string? told) || told != exception.Message)
        {
            _told[peer] = exception.Message;
            log.PeerUnreachable(peer, exception.Message);
        }
    }

    public void Connected(MemberId peer)
    {
        _told.TryRemove(peer, out _);
        log.PeerConnected(peer);
    }
}

/// <summary>Told about connections between members.</summary>
internal interface IPeerLog
{
    void PeerConnected(MemberId peer);

    void PeerUnreachable(MemberId peer, string reason);

    void PeerRefused(string remote, string reason);
}
