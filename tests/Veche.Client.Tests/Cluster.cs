using Microsoft.Extensions.Logging.Abstractions;
using Veche.Server;
using Veche.Server.Options;

namespace Veche.Client.Tests;

/// <summary>Members in this process, spoken to over real sockets.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private readonly List<VecheServer> _members = [];

    public IReadOnlyList<VecheServer> Members => _members;

    public IReadOnlyList<string> Addresses { get; private set; } = [];

    public static async Task<Cluster> StartAsync(int count)
    {
        var cluster = new Cluster();
        Uri[] peers = [.. TestPorts.Free(count).Select(static port => new Uri($"http://127.0.0.1:{port}"))];
        var starts = Enumerable.Range(0, count).Select(i => VecheServer.StartAsync(
            new ServerOptions
            {
                Name = $"m{i + 1}",
                Memory = true,
                ListenClientUrls = [new Uri("http://127.0.0.1:0")],
                ListenPeerUrls = [peers[i]],
                AdvertisePeerUrls = [peers[i]],
                InitialCluster = [.. peers.Select(static (url, at) => ($"m{at + 1}", url))],
                ElectionTimeoutMs = 300,
                HeartbeatIntervalMs = 30,
            },
            NullLoggerFactory.Instance));
        cluster._members.AddRange(await Task.WhenAll(starts));
        cluster.Addresses = [.. cluster._members.Select(static member => member.ClientAddresses[0])];
        return cluster;
    }

    public async Task StopAsync(string address) => await _members[Addresses.ToList().IndexOf(address)].DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (VecheServer member in _members)
        {
            await member.DisposeAsync();
        }
    }
}
