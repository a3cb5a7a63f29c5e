using System.Buffers.Binary;
using System.Net;
using Veche.Hosting.Peers;
using Veche.Raft;

namespace Veche.Hosting;

/// <summary>Asks a running member about its cluster, on behalf of one that wants to join and does not know who it is itself.</summary>
public static class ClusterQuery
{
    private const int MaxDescriptionBytes = 4 << 20;

    /// <summary>Asks the member that listens for peers at an address; returns what its <see cref="ReplicaHostOptions.Describe"/> says.</summary>
    /// <exception cref="IOException">It is not reachable, or no member of this kind.</exception>
    public static async Task<ReadOnlyMemory<byte>> DescribeAsync(DnsEndPoint address, PeerTls? tls, CancellationToken cancellationToken = default)
    {
        var dialer = new PeerDialer(MemberId.None, 0, 0, tls, stuckAfterMs: 5000, new HostLog(null), static _ => { });
        try
        {
            using PeerConnection connection = await dialer.DialAsync(MemberId.None, address, ConnectionPurpose.Membership, cancellationToken).ConfigureAwait(false);
            byte[] length = new byte[4];
            await connection.Stream.ReadExactlyAsync(length, cancellationToken).ConfigureAwait(false);
            int count = BinaryPrimitives.ReadInt32LittleEndian(length);
            if (count is <= 0 or > MaxDescriptionBytes)
            {
                throw new IOException($"{address.Host}:{address.Port} says nothing about its cluster");
            }

            byte[] description = new byte[count];
            await connection.Stream.ReadExactlyAsync(description, cancellationToken).ConfigureAwait(false);
            return description;
        }
        catch (Exception exception) when (exception is System.Net.Sockets.SocketException or System.Security.Authentication.AuthenticationException)
        {
            throw new IOException($"{address.Host}:{address.Port} is not reachable: {exception.Message}", exception);
        }
    }
}
