using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Veche.Cli.Dev;

/// <summary>A member of a cluster on this machine.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ClientPort">Where clients reach it.</param>
/// <param name="PeerPort">Where the others reach it.</param>
/// <param name="Directory">Its data, or null.</param>
internal sealed record DevMember(string Name, int ClientPort, int PeerPort, string? Directory)
{
    public string ClientUrl => $"http://127.0.0.1:{ClientPort.ToString(CultureInfo.InvariantCulture)}";

    public string PeerUrl => $"http://127.0.0.1:{PeerPort.ToString(CultureInfo.InvariantCulture)}";
}

/// <summary>
/// Who the members are and where they listen. As in etcd's own example cluster the first is at the base port, the second at base + 20,000, and each further one
/// 10,000 higher; where that leaves the range of ports, they follow each other closely.
/// </summary>
internal static class DevLayout
{
    public const int MaxNodes = 9;

    public static IReadOnlyList<DevMember> Of(int nodes, int basePort, string? dataDirectory)
    {
        List<DevMember> members = [];
        bool wide = basePort + (10_000 * nodes) + 1 <= IPEndPoint.MaxPort;
        for (int i = 0; i < nodes; i++)
        {
            int port = basePort + (i == 0 ? 0 : wide ? 10_000 * (i + 1) : 10 * i);
            string name = "m" + (i + 1).ToString(CultureInfo.InvariantCulture);
            members.Add(new DevMember(name, port, port + 1, dataDirectory is null ? null : Path.Combine(dataDirectory, name)));
        }

        return members;
    }

    /// <summary>The ports that somebody else has.</summary>
    public static IReadOnlyList<int> PortsInUse(IReadOnlyList<DevMember> members)
    {
        List<int> taken = [];
        foreach (int port in members.SelectMany(static member => (int[])[member.ClientPort, member.PeerPort]))
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            }
            catch (SocketException)
            {
                taken.Add(port);
            }
        }

        return taken;
    }

    /// <summary>The command line of a member.</summary>
    public static IReadOnlyList<string> Arguments(DevMember member, IReadOnlyList<DevMember> all, int parentProcessId)
    {
        List<string> arguments =
        [
            "serve",
            "--name", member.Name,
            "--listen-client-urls", member.ClientUrl,
            "--advertise-client-urls", member.ClientUrl,
            "--listen-peer-urls", member.PeerUrl,
            "--initial-advertise-peer-urls", member.PeerUrl,
            "--initial-cluster", string.Join(',', all.Select(static other => $"{other.Name}={other.PeerUrl}")),
            "--initial-cluster-token", "veche-dev",
            "--parent-pid", parentProcessId.ToString(CultureInfo.InvariantCulture),
        ];
        arguments.AddRange(member.Directory is null ? ["--memory"] : ["--data-dir", member.Directory]);
        return arguments;
    }
}
