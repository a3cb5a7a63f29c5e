using Microsoft.Extensions.Logging.Abstractions;
using Veche.Server;
using Veche.Server.Options;

namespace Veche.Cli.Tests.Client;

/// <summary><c>veche member replace</c>, with members in this process.</summary>
public sealed class ReplaceTests : IAsyncLifetime
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-replace-").FullName;
    private readonly int[] _ports = TestPorts.Free(4);
    private readonly List<VecheServer> _servers = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (VecheServer server in _servers)
        {
            await server.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task The_only_member_is_replaced_and_an_interrupted_run_goes_on()
    {
        await StartAsync(0, 1);
        Assert.Equal("OK\n", (await VecheAsync(0, "put", "k", "v")).Output);
        Ended refused = await ReplaceAsync("nobody", "10s");
        Assert.Equal(1, refused.Code);
        Assert.Contains("no member has the id or name 'nobody'", refused.Error, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", (await ReplaceAsync("m0", "10s", name: "m0")).Error, StringComparison.Ordinal);

        Ended first = await ReplaceAsync("m0", "300ms");
        Assert.Equal(1, first.Code);
        Assert.Contains("m1 is added as a learner", first.Error, StringComparison.Ordinal);

        // Members are listed by their ids, whose order nobody knows before.
        string start = first.Error.Split('\n').Single(static line => line.Contains("veche serve --name=m1 ", StringComparison.Ordinal));
        Assert.True(start.Contains($"--initial-cluster=m0={Peer(0)},m1={Peer(1)} ", StringComparison.Ordinal) || start.Contains($"--initial-cluster=m1={Peer(1)},m0={Peer(0)} ", StringComparison.Ordinal), start);
        Assert.EndsWith($" --initial-advertise-peer-urls={Peer(1)} --initial-cluster-state=existing", start, StringComparison.Ordinal);
        Assert.Contains("Where it stands: m1 is a learner", first.Error, StringComparison.Ordinal);

        await StartAsync(1, 2);
        Ended second = await ReplaceAsync("m0", "60s");
        Assert.True(second.Code == 0, second.Error);
        Assert.Contains("m1 has caught up, and votes", second.Error, StringComparison.Ordinal);
        Assert.Contains("done: m1 votes, and m0 is no member any more", second.Error, StringComparison.Ordinal);
        Assert.Equal("k\nv\n", (await VecheAsync(1, "get", "k")).Output);
        string member = Assert.Single((await VecheAsync(1, "member", "list")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains($", started, m1, {Peer(1)}, {Client(1)}, false", member, StringComparison.Ordinal);
    }

    private Task<Ended> ReplaceAsync(string old, string wait, string name = "m1") =>
        Run.CommandAsync("member", "replace", old, "--name", name, "--peer-urls", Peer(1), "--wait", wait, "--endpoints", $"{Client(0)},{Client(1)}");

    private Task<Ended> VecheAsync(int member, params string[] args) => Run.CommandAsync([.. args, "--endpoints", Client(member)]);

    private string Peer(int member) => $"http://127.0.0.1:{_ports[member]}";

    private string Client(int member) => $"http://127.0.0.1:{_ports[member + 2]}";

    private async Task StartAsync(int member, int members) => _servers.Add(await VecheServer.StartAsync(
        new ServerOptions
        {
            Name = $"m{member}",
            DataDirectory = Path.Combine(_directory, $"m{member}"),
            ListenClientUrls = [new Uri(Client(member))],
            AdvertiseClientUrls = [new Uri(Client(member))],
            ListenPeerUrls = [new Uri(Peer(member))],
            AdvertisePeerUrls = [new Uri(Peer(member))],
            InitialCluster = [.. Enumerable.Range(0, members).Select(i => ($"m{i}", new Uri(Peer(i))))],
            JoinExisting = members > 1,
            ElectionTimeoutMs = 300,
            HeartbeatIntervalMs = 30,

            // The check would want five seconds of health before the removal; it has tests of its own.
            StrictReconfigCheck = false,
        },
        NullLoggerFactory.Instance));
}
