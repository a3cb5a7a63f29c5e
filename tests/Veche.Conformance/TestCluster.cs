using System.Diagnostics;
using System.Globalization;

namespace Veche.Conformance;

/// <summary>Three member processes on free ports, of Veche or (with VECHE_CONFORMANCE_TARGET=etcd) of etcd, so that the tests themselves can be tested.</summary>
public sealed class TestCluster : IAsyncLifetime
{
    private readonly bool _isEtcd = IsEtcd;
    private readonly Func<int, string>? _dataDirectory;
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-conformance-").FullName;
    private readonly int[] _ports = TestPorts.Free(6);
    private readonly Process?[] _members = new Process?[3];
    private readonly StringWriterPair[] _outputs = new StringWriterPair[3];

    public TestCluster()
    {
    }

    /// <param name="isEtcd">Which of them, whatever the environment says.</param>
    /// <param name="dataDirectory">Where a member keeps its data.</param>
    internal TestCluster(bool isEtcd, Func<int, string> dataDirectory)
    {
        _isEtcd = isEtcd;
        _dataDirectory = dataDirectory;
    }

    public static bool IsEtcd => Environment.GetEnvironmentVariable("VECHE_CONFORMANCE_TARGET") == "etcd";

    public string Endpoints => string.Join(',', Enumerable.Range(0, 3).Select(ClientUrl));

    public string Log => string.Join('\n', _outputs.Select(static output => output?.Errors));

    public string ClientUrl(int member) => $"http://127.0.0.1:{_ports[member].ToString(CultureInfo.InvariantCulture)}";

    public async ValueTask InitializeAsync()
    {
        for (int i = 0; i < 3; i++)
        {
            Start(i);
        }

        await WaitUntilHealthyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (Process? member in _members)
        {
            if (member is { HasExited: false })
            {
                member.Kill();
                await member.WaitForExitAsync();
            }

            member?.Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }

    public void Start(int member)
    {
        string[] flags =
        [
            "--name", "m" + member, "--data-dir", DataDirectory(member),
            "--listen-client-urls", ClientUrl(member), "--advertise-client-urls", ClientUrl(member),
            "--listen-peer-urls", PeerUrl(member), "--initial-advertise-peer-urls", PeerUrl(member),
            "--initial-cluster", string.Join(',', Enumerable.Range(0, 3).Select(i => $"m{i}={PeerUrl(i)}")),
            "--initial-cluster-token", "conformance",
        ];
        _members[member] = _isEtcd ? Processes.Start("etcd", flags, out _outputs[member]) : Processes.Start("dotnet", [Processes.Veche, "serve", .. flags], out _outputs[member]);
    }

    public string DataDirectory(int member) => _dataDirectory?.Invoke(member) ?? Path.Combine(_directory, "m" + member);

    public bool IsRunning(int member) => _members[member] is { HasExited: false };

    public void Kill(int member)
    {
        _members[member]!.Kill();
        _members[member]!.WaitForExit();
    }

    public async Task<int> LeaderAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (true)
        {
            for (int i = 0; i < 3; i++)
            {
                Output status = await Processes.RunAsync("etcdctl", $"--endpoints={ClientUrl(i)}", "--dial-timeout=1s", "--command-timeout=1s", "endpoint", "status");
                if (status.ExitCode == 0 && status.Text.Split(", ") is { Length: > 4 } parts && parts[4] == "true")
                {
                    return i;
                }
            }

            limit.Token.ThrowIfCancellationRequested();
        }
    }

    public async Task WaitUntilHealthyAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        for (int i = 0; i < 3; i++)
        {
            while (true)
            {
                try
                {
                    if ((await http.GetStringAsync(ClientUrl(i) + "/health", limit.Token)).Contains("\"true\"", StringComparison.Ordinal))
                    {
                        break;
                    }
                }
                catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !limit.IsCancellationRequested)
                {
                    // Not yet; the limit above ends the waiting.
                    await Task.Yield();
                }
            }
        }
    }

    public Task<Output> EtcdctlAsync(params IEnumerable<string> arguments) => Processes.RunAsync("etcdctl", [$"--endpoints={Endpoints}", .. arguments]);

    /// <summary>Runs etcdctl, which must succeed.</summary>
    public async Task<string> OkAsync(params IEnumerable<string> arguments)
    {
        Output output = await EtcdctlAsync(arguments);
        Assert.True(output.ExitCode == 0, $"etcdctl {string.Join(' ', arguments)}: {output.Text}{output.Errors}\n{Log}");
        return output.Lines;
    }


    private string PeerUrl(int member) => $"http://127.0.0.1:{_ports[3 + member].ToString(CultureInfo.InvariantCulture)}";
}
