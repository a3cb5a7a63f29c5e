using Google.Protobuf;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Server.Options;

namespace Veche.Server.Tests;

/// <summary>Tests with several members in this process, over real sockets and files.</summary>
public abstract class SocketClusterTests : IAsyncLifetime
{
    private readonly Dictionary<string, VecheServer> _servers = [];
    private readonly List<GrpcChannel> _channels = [];

    protected static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    /// <summary>Each member has a directory of its own in it, by its name.</summary>
    protected string DataDirectory { get; } = Directory.CreateTempSubdirectory("veche-cluster-").FullName;

    /// <summary>Those that run, by name.</summary>
    protected IReadOnlyDictionary<string, VecheServer> Servers => _servers;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _channels.ForEach(static channel => channel.Dispose());
        foreach (VecheServer server in _servers.Values)
        {
            await server.DisposeAsync();
        }

        Directory.Delete(DataDirectory, recursive: true);
    }

    protected static ByteString B(string text) => ByteString.CopyFromUtf8(text);

    /// <summary>Names and free addresses for so many members: m0, m1 and so on.</summary>
    protected static (string Name, Uri Url)[] Places(int count)
    {
        return [.. TestPorts.Free(count).Select(static (port, i) => ("m" + i, new Uri($"http://127.0.0.1:{port}")))];
    }

    protected static Task UntilAsync(Func<bool> holds) => UntilAsync(() => Task.FromResult(holds()));

    protected static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!await holds())
        {
            await ticks.WaitForNextTickAsync(limit.Token);
        }
    }

    /// <summary>What all members of these tests have beside. Default nothing.</summary>
    protected virtual ServerOptions Usual(ServerOptions options) => options;

    protected async Task<VecheServer> StartAsync(string name, (string Name, Uri Url)[] cluster, Func<ServerOptions, ServerOptions>? more = null)
    {
        Uri peer = cluster.First(member => member.Name == name).Url;
        var options = new ServerOptions
        {
            Name = name,
            DataDirectory = Path.Combine(DataDirectory, name),
            ListenClientUrls = [new Uri("http://127.0.0.1:0")],
            ListenPeerUrls = [peer],
            AdvertisePeerUrls = [peer],
            InitialCluster = cluster,
            ElectionTimeoutMs = 300,
            HeartbeatIntervalMs = 30,
        };
        options = Usual(options);
        VecheServer server = await VecheServer.StartAsync(more?.Invoke(options) ?? options, NullLoggerFactory.Instance);
        lock (_servers)
        {
            _servers[name] = server;
        }

        return server;
    }

    protected async Task StopAsync(string name)
    {
        await _servers[name].DisposeAsync();
        _servers.Remove(name);
    }

    protected GrpcChannel ChannelTo(string name)
    {
        var channel = GrpcChannel.ForAddress(_servers[name].ClientAddresses[0]);
        _channels.Add(channel);
        return channel;
    }
}
