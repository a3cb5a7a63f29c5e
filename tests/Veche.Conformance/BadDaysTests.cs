using System.Diagnostics;

namespace Veche.Conformance;

/// <summary>What goes wrong at the start is said in one line, and the process ends with 1.</summary>
public sealed class BadDaysTests
{
    [Fact]
    public async Task An_unknown_flag() => await RefusedAsync("did you mean --listen-client-urls?", "--listen-client-url=http://127.0.0.1:1");

    [Fact]
    public async Task A_port_in_use()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        await RefusedAsync("Choose another --listen-client-urls", [.. Alone(out _), $"--listen-client-urls=http://127.0.0.1:{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}"]);
    }

    [Fact]
    public async Task A_data_directory_of_another_cluster_one_in_use_and_a_damaged_log()
    {
        string[] flags = Alone(out string directory);
        using (Process member = Processes.Start("dotnet", [Processes.Veche, "serve", .. flags], out StringWriterPair output))
        {
            await WaitForAsync(output, "ready to serve");
            await RefusedAsync("using", [.. Alone(out _), $"--data-dir={directory}"]);
            Assert.Equal(0, (await Processes.RunAsync("kill", "-TERM", member.Id.ToString(System.Globalization.CultureInfo.InvariantCulture))).ExitCode);
            await member.WaitForExitAsync();
            Assert.Equal(0, member.ExitCode);
        }

        // A member that has data is who it was, whatever the flags say; without the record of that, the log itself knows whose it is.
        File.Delete(Path.Combine(directory, "identity.json"));
        await RefusedAsync("the log belongs to member", [.. flags, "--initial-cluster-token=another"]);
        string log = Directory.GetFiles(Path.Combine(directory, "log"), "wal-*.log")[0];
        using (var file = new FileStream(log, FileMode.Open, FileAccess.ReadWrite))
        {
            file.Position = 200;
            int old = file.ReadByte();
            file.Position = 200;
            file.WriteByte((byte)(old ^ 0x40));
        }

        await RefusedAsync("damaged", flags);
    }

    [Fact]
    public async Task Veche_status_says_who_does_not_answer()
    {
        Output status = await Processes.RunAsync("dotnet", Processes.Veche, "status", "--endpoints", $"127.0.0.1:{TestPorts.Free()}");
        Assert.Equal(1, status.ExitCode);
        Assert.Contains("no quorum", status.Text, StringComparison.Ordinal);
    }

    private static async Task RefusedAsync(string why, params string[] flags)
    {
        Output refused = await Processes.RunAsync("dotnet", [Processes.Veche, "serve", .. flags]);
        Assert.Equal(1, refused.ExitCode);
        string line = refused.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
        Assert.StartsWith("veche: ", line, StringComparison.Ordinal);
        Assert.Contains(why, line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", refused.Errors, StringComparison.Ordinal);
    }

    private static string[] Alone(out string directory)
    {
        int[] ports = TestPorts.Free(2);
        directory = Directory.CreateTempSubdirectory("veche-bad-day-").FullName;
        return
        [
            $"--data-dir={directory}", $"--listen-client-urls=http://127.0.0.1:{ports[0]}",
            $"--listen-peer-urls=http://127.0.0.1:{ports[1]}", $"--initial-advertise-peer-urls=http://127.0.0.1:{ports[1]}", $"--initial-cluster=default=http://127.0.0.1:{ports[1]}",
        ];
    }

    private static async Task WaitForAsync(StringWriterPair output, string text)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!output.Errors.Contains(text, StringComparison.Ordinal))
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
