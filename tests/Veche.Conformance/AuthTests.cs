using System.Diagnostics;
using System.Globalization;

namespace Veche.Conformance;

/// <summary>The same commands for users, roles and permissions to etcd and to Veche: what etcdctl prints must be the same, word for word.</summary>
public sealed class AuthTests : IAsyncLifetime
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);

    /// <summary>
    /// One command of etcdctl a line; what follows a bar goes to its standard input, with \n for the ends of lines. Left out is what Debian's
    /// etcd 3.4 allowed without root and later versions do not: compacting, moving the leader, and leases, status and members without a user.
    /// </summary>
    private const string Script =
        """
        auth enable
        --user=root:rootpw auth enable
        --user=root:rootpw get k
        user add alice:pw
        user add alice:pw
        user add nop --no-password
        user get nobody
        user list
        role add r1
        role add r1
        role list
        role grant-permission r1 read a c
        role grant-permission r1 read c e
        role grant-permission r1 readwrite k
        role grant-permission r1 write w/ --prefix=true
        role grant-permission r1 read z --from-key=true
        role grant-permission r1 nonsense a
        role grant-permission rx read a
        role get r1
        role get rx
        role revoke-permission r1 zz
        role revoke-permission r1 z --from-key=true
        role revoke-permission rx a
        role delete rx
        user grant-role alice r1
        user grant-role alice r1
        user grant-role alice rx
        user grant-role bob r1
        user revoke-role alice rx
        user revoke-role bob r1
        user get alice
        user get alice --detail
        user get alice -w json
        user passwd bob --interactive=false|x\n
        user delete bob
        user add root:rootpw
        auth enable
        user get root
        role list
        put k v
        get k
        del k
        user list
        auth disable
        --user=alice:bad get k
        --user=nobody:bad get k
        --user=nop:bad get k
        --user=alice:pw put k v
        --user=alice:pw get k
        --user=alice:pw get k --consistency=s
        --user=alice:pw put k v2 --prev-kv
        --user=alice:pw put w/1 x
        --user=alice:pw put w/1 x --prev-kv
        --user=alice:pw get w/1
        --user=alice:pw get a e
        --user=alice:pw get a f
        --user=alice:pw get a --from-key
        --user=alice:pw get a --from-key --consistency=s
        --user=alice:pw get w/ --prefix=true
        --user=alice:pw del w/ --prefix=true
        --user=alice:pw del w/ --prefix=true --prev-kv
        --user=alice:pw del a c
        --user=alice:pw txn|value("k") = "v2"\n\nput k v3\nget a\n\nget b\n\n
        --user=alice:pw txn|value("w/1") = "x"\n\nput k v4\n\nget b\n\n
        --user=alice:pw txn|value("k") = "v3"\n\nput k v5\n\nput other x\n\n
        --user=alice:pw watch z
        --user=alice:pw put k v --lease=1234
        --user=alice:pw user list
        --user=alice:pw user get alice
        --user=alice:pw user get root
        --user=alice:pw user add eve:eve
        --user=alice:pw role get r1
        --user=alice:pw role get root
        --user=alice:pw role list
        --user=alice:pw role add mine
        --user=alice:pw auth disable
        --user=alice:pw member add x --peer-urls=http://127.0.0.1:1
        --user=root:rootpw user delete root
        --user=root:rootpw role delete root
        --user=root:rootpw user revoke-role root root
        --user=root:rootpw role get root
        --user=root:rootpw role grant-permission root read a
        --user=root:rootpw role get root
        --user=root:rootpw user add carol:c
        --user=root:rootpw user grant-role carol root
        --user=carol:c put anything x
        --user=carol:c get anything
        --user=carol:c user list
        --user=root:rootpw user passwd alice --interactive=false|new\n
        --user=alice:pw get k
        --user=alice:new get k
        --user=root:rootpw role revoke-permission r1 k
        --user=alice:new get k
        --user=root:rootpw role delete r1
        --user=root:rootpw user get alice
        --user=root:rootpw user delete alice
        --user=alice:new get k
        --user=root:rootpw user delete carol
        --user=carol:c get k
        --user=root:rootpw auth enable
        --user=root:rootpw auth disable
        user list
        get k
        user revoke-role root root
        auth enable
        user list
        """;

    private readonly string _directory = Directory.CreateTempSubdirectory("veche-conformance-").FullName;
    private readonly List<Process> _processes = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        foreach (Process process in _processes)
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Users_roles_and_permissions_read_like_etcds()
    {
        string etcd = await StartAsync("etcd", isEtcd: true);
        string veche = await StartAsync("veche", isEtcd: false);
        List<string> expected = [];
        List<string> actual = [];
        foreach (string line in Script.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            expected.Add(await RunAsync(etcd, line));
            actual.Add(await RunAsync(veche, line));
        }

        Assert.True(expected.Count > 100);
        Assert.Equal(expected, actual);
    }

    private static async Task<string> RunAsync(string url, string line)
    {
        string[] parts = line.Split('|');
        Output output = parts.Length == 1
            ? await Processes.RunAsync("etcdctl", [$"--endpoints={url}", .. line.Split(' ')])
            : await Processes.RunAsync("bash", "-c", $"printf '{parts[1]}' | etcdctl --endpoints={url} {parts[0]}");

        // What the client logs on its own says when and where.
        string errors = string.Join('\n', output.Errors.Split('\n').Where(static said => !said.StartsWith('{')));
        return $"$ {line}\n{output.ExitCode}\n{Plain(output.Text, url)}{Plain(errors, url)}";
    }

    /// <summary>Without what must differ: addresses, ids, and how many entries the log has.</summary>
    private static string Plain(string text, string url) =>
        System.Text.RegularExpressions.Regex.Replace(text.Replace(url, "URL", StringComparison.Ordinal), "\"(cluster_id|member_id|raft_term)\":[0-9]+", "\"$1\":0");

    private async Task<string> StartAsync(string name, bool isEtcd)
    {
        int[] ports = TestPorts.Free(2);
        string client = $"http://127.0.0.1:{ports[0].ToString(CultureInfo.InvariantCulture)}";
        string peer = $"http://127.0.0.1:{ports[1].ToString(CultureInfo.InvariantCulture)}";
        string[] flags =
        [
            "--name", "m", "--data-dir", Path.Combine(_directory, name), "--listen-client-urls", client, "--advertise-client-urls", client,
            "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", "m=" + peer, "--bcrypt-cost", "4",
        ];
        _processes.Add(isEtcd ? Processes.Start("etcd", flags, out StringWriterPair said) : Processes.Start("dotnet", [Processes.Veche, "serve", .. flags], out said));
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        using var limit = new CancellationTokenSource(StartLimit);
        while (true)
        {
            try
            {
                if ((await http.GetStringAsync(client + "/health", limit.Token)).Contains("\"true\"", StringComparison.Ordinal))
                {
                    return client;
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException && !limit.IsCancellationRequested)
            {
                Assert.False(_processes[^1].HasExited, said.Text + said.Errors);
                await Task.Yield();
            }
        }
    }
}
