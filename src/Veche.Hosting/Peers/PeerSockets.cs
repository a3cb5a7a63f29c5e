using System.Net.Sockets;

namespace Veche.Hosting.Peers;

/// <summary>Socket options that the framework has no names for.</summary>
internal static class PeerSockets
{
    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;

    /// <summary>
    /// Ends a connection whose data was not acknowledged for so long. Without it a connection over a healed partition
    /// would wait out TCP's doubling retransmission timer, up to two minutes.
    /// </summary>
    public static void DetectStuckPeers(Socket socket, int milliseconds)
    {
        if (OperatingSystem.IsLinux())
        {
            socket.SetRawSocketOption(TcpLevel, TcpUserTimeout, BitConverter.GetBytes(milliseconds));
        }
    }
}
