using System.Net;
using System.Net.Sockets;
using Veche.Hosting.Peers;

namespace Veche.Hosting.Tests;

/// <summary>A way out to another member, and its end.</summary>
public sealed class PeerConnectionTests
{
    [Fact]
    public async Task Who_sends_on_a_connection_that_was_given_up_is_told_by_its_stream_and_not_before()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint);
        using var connection = new PeerConnection(socket, new NetworkStream(socket), plain: true);
        Assert.Equal(3, connection.TrySendNow([1, 2, 3]));
        connection.Abort();
        Assert.Equal(0, connection.TrySendNow([4]));
        await Assert.ThrowsAnyAsync<Exception>(async () => await connection.Stream.WriteAsync(new byte[] { 4 }));
    }
}
