using System.Net.Sockets;

namespace Veche.Hosting.Peers;

/// <summary>An established connection: a stream, and for plain TCP the socket below it, on which a small message leaves without a detour.</summary>
internal sealed class PeerConnection(Socket socket, Stream stream, bool plain) : IDisposable
{
    public Stream Stream { get; } = stream;

    /// <summary>Sends as much as the kernel takes without waiting; returns how many bytes, 0 also when this must go through the stream.</summary>
    public int TrySendNow(ReadOnlySpan<byte> data)
    {
        if (!plain)
        {
            return 0;
        }

        try
        {
            int sent = socket.Send(data, SocketFlags.None, out SocketError error);
            return error == SocketError.Success ? sent : 0;
        }
        catch (ObjectDisposedException)
        {
            // Aborted a moment ago; the stream says so to whoever uses it, and its reader closes the connection.
            return 0;
        }
    }

    /// <summary>Ends it now; whoever reads or writes gets an error.</summary>
    public void Abort() => socket.Dispose();

    public void Dispose()
    {
        Stream.Dispose();
        socket.Dispose();
    }
}
