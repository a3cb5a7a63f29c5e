using System.Net;
using System.Net.Sockets;

namespace Veche.Tests;

/// <summary>
/// Ports for members that tests start. Not those that the system hands out: between finding one free and listening on it, any connection of
/// another test may have been given it. Each process has a range of its own below them, for as long as it lives.
/// </summary>
internal static class TestPorts
{
    private const int First = 10_000;
    private const int PortsInRange = 200;
    private const int Ranges = 100;

    private static readonly Lock Lock = new();
    private static readonly (int First, FileStream Claim) Range = ClaimRange();
    private static int _next;

    /// <summary>One that nobody listens on.</summary>
    public static int Free() => Free(1)[0];

    /// <summary>Some that nobody listens on.</summary>
    public static int[] Free(int count)
    {
        int[] ports = new int[count];
        lock (Lock)
        {
            for (int i = 0; i < count; i++)
            {
                ports[i] = Next();
            }
        }

        return ports;
    }

    private static int Next()
    {
        for (int tried = 0; tried < PortsInRange; tried++)
        {
            int port = Range.First + (_next++ % PortsInRange);
            if (IsFree(port))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"All ports from {Range.First} to {Range.First + PortsInRange - 1} are in use.");
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return false;
        }
    }

    /// <summary>A file that stays open says that a range is taken; it is free again when the process ends, however it ends.</summary>
    private static (int First, FileStream Claim) ClaimRange()
    {
        string directory = Path.Combine(Path.GetTempPath(), "veche-test-ports");
        Directory.CreateDirectory(directory);
        for (int range = 0; range < Ranges; range++)
        {
            try
            {
                int first = First + (range * PortsInRange);
                return (first, new FileStream(Path.Combine(directory, $"{first}"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
            }
            catch (IOException)
            {
                // Another process has it.
                continue;
            }
        }

        throw new InvalidOperationException($"All ranges of ports are taken by other tests; see {directory}.");
    }
}
