using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Hosting;
using Veche.Raft;
using Veche.Server;
using Veche.Server.Options;

namespace Veche.Cli.Tests.Client;

/// <summary>What the command does when members come and go, with three of them in this process.</summary>
public sealed class ThreeMembersTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly string _directory = Directory.CreateTempSubdirectory("veche-three-").FullName;
    private readonly int[] _ports = TestPorts.Free(8);
    private readonly Dictionary<int, VecheServer> _servers = [];

    public async ValueTask InitializeAsync()
    {
        for (int member = 0; member < 3; member++)
        {
            await StartAsync(member, members: 3);
        }

        await UntilAsync(() => _servers.Values.All(static server => server.IsPublished));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (VecheServer server in _servers.Values)
        {
            await server.DisposeAsync();
        }

        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task A_watch_goes_on_at_another_member_when_its_own_leads_and_stops()
    {
        int leader = Leader();
        string everybody = string.Join(',', new[] { leader }.Concat(Enumerable.Range(0, 3).Where(member => member != leader)).Select(Client));
        using var stop = new CancellationTokenSource(Patience);
        var seen = new Lines();
        using var notes = new StringWriter();
        Task<int> watching = CommandLine.RunAsync(["watch", "--prefix", "w/", "--rev", "1", "--endpoints", everybody], new InvocationConfiguration { Output = seen, Error = notes }, stop.Token);

        // It watches at the first of its members: there what is written next is seen.
        await PutAsync(everybody, 0);
        await seen.HasAsync(3);
        await _servers[leader].StopAsync();
        for (int i = 1; i < 20; i++)
        {
            await PutAsync(everybody, i);
        }

        await seen.HasAsync(3 * 20);
        await stop.CancelAsync();
        Assert.Equal(0, await watching);
        Assert.Equal(Enumerable.Range(0, 20).SelectMany(static i => (string[])["PUT", "w/" + i, "v" + i]), seen.All);
        Assert.Contains($"{Client(leader)} is gone", notes.ToString(), StringComparison.Ordinal);
        _servers.Remove(leader);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task One_of_three_is_replaced(bool leads)
    {
        int leader = Leader();
        int old = leads ? leader : (leader + 1) % 3;
        string everybody = string.Join(',', Enumerable.Range(0, 4).Select(Client));
        await PutAsync(everybody, 0);

        // It is added, and somebody has to start it.
        Ended first = await ReplaceAsync(old, "1s", everybody);
        Assert.Equal(1, first.Code);
        Assert.Contains("m3 is a learner", first.Error, StringComparison.Ordinal);
        await StartAsync(3, members: 4);
        Ended second = await ReplaceAsync(old, "100s", everybody);
        Assert.True(second.Code == 0, second.Error);
        Assert.Contains($"done: m3 votes, and m{old} is no member any more", second.Error, StringComparison.Ordinal);

        var reason = Assert.IsType<MemberExpelledException>(await _servers[old].Failure.WaitAsync(Patience));
        Assert.Equal(PeerVerdict.Removed, reason.Verdict);
        await PutAsync(Client(3), 1);
        Assert.Equal("w/0\nv0\nw/1\nv1\n", (await Run.CommandAsync("get", "--prefix", "w/", "--endpoints", Client(3))).Output);
        Assert.Equal(
            Enumerable.Range(0, 4).Where(member => member != old).Select(static member => $"m{member}"),
            (await Run.CommandAsync("member", "list", "--endpoints", Client(3))).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(static line => line.Split(", ")[2]).Order());
    }

    private static async Task PutAsync(string endpoints, int i)
    {
        Ended put = await Run.CommandAsync("put", $"w/{i}", $"v{i}", "--endpoints", endpoints);
        Assert.True(put.Code == 0, put.Error);
    }

    private Task<Ended> ReplaceAsync(int old, string wait, string endpoints) =>
        Run.CommandAsync("member", "replace", $"m{old}", "--name", "m3", "--peer-urls", Peer(3), "--wait", wait, "--endpoints", endpoints);

    private int Leader() => _servers.Single(static server => server.Value.Status.Role == Role.Leader).Key;

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(Patience);
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!holds())
        {
            await ticks.WaitForNextTickAsync(limit.Token);
        }
    }

    private string Peer(int member) => $"http://127.0.0.1:{_ports[member]}";

    private string Client(int member) => $"http://127.0.0.1:{_ports[member + 4]}";

    private async Task StartAsync(int member, int members) => _servers.Add(member, await VecheServer.StartAsync(
        new ServerOptions
        {
            Name = $"m{member}",
            DataDirectory = Path.Combine(_directory, $"m{member}"),
            ListenClientUrls = [new Uri(Client(member))],
            AdvertiseClientUrls = [new Uri(Client(member))],
            ListenPeerUrls = [new Uri(Peer(member))],
            AdvertisePeerUrls = [new Uri(Peer(member))],
            InitialCluster = [.. Enumerable.Range(0, members).Select(i => ($"m{i}", new Uri(Peer(i))))],
            JoinExisting = members > 3,
            ElectionTimeoutMs = 1000,
            HeartbeatIntervalMs = 100,

            // The check would want five seconds of health before each change; it has tests of its own.
            StrictReconfigCheck = false,
        },
        NullLoggerFactory.Instance));

    /// <summary>Lines as they come, for whoever waits for some number of them.</summary>
    private sealed class Lines : TextWriter
    {
        private readonly Lock _lock = new();
        private readonly List<string> _lines = [];
        private readonly System.Text.StringBuilder _line = new();
        private readonly List<(int Count, TaskCompletionSource Reached)> _waiting = [];

        public override System.Text.Encoding Encoding => System.Text.Encoding.UTF8;

        public IReadOnlyList<string> All
        {
            get
            {
                lock (_lock)
                {
                    return [.. _lines];
                }
            }
        }

        public Task HasAsync(int count)
        {
            lock (_lock)
            {
                var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                _waiting.Add((count, reached));
                Tell();
                return reached.Task.WaitAsync(Patience);
            }
        }

        public override void Write(char value)
        {
            lock (_lock)
            {
                if (value != '\n')
                {
                    _line.Append(value);
                    return;
                }

                _lines.Add(_line.ToString().TrimEnd('\r'));
                _line.Clear();
                Tell();
            }
        }

        private void Tell()
        {
            foreach ((int count, TaskCompletionSource reached) in _waiting)
            {
                if (_lines.Count >= count)
                {
                    reached.TrySetResult();
                }
            }
        }
    }
}
