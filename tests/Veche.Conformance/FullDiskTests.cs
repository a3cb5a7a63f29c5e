namespace Veche.Conformance;

/// <summary>A disk that fills up: writes are refused, reads go on, nothing acknowledged is lost, and writes go on when there is room. Always against Veche.</summary>
public sealed class FullDiskTests
{
    private const int DiskMib = 384;
    private const string Refusal = "etcdserver: mvcc: database space exceeded";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_member_alone_refuses_writes_serves_reads_and_goes_on()
    {
        using SmallDisk disk = await SmallDisk.MountAsync(DiskMib);
        await using SingleMember member = await SingleMember.StartAsync(isEtcd: false, disk.DataDirectory);
        List<string> acknowledged = [];
        await PutsAsync(20);

        disk.Fill(freeMib: 100);
        await UntilAsync(async () => (await ControlAsync(member.ClientUrl, "put", "full", "x")).Errors.Contains(Refusal, StringComparison.Ordinal));
        Assert.Equal(acknowledged, await KeysAsync(member.ClientUrl, "--consistency=l"));
        Assert.Equal(acknowledged, await KeysAsync(member.ClientUrl, "--consistency=s"));

        disk.MakeRoom();
        await UntilAsync(async () => (await ControlAsync(member.ClientUrl, "put", "room", "x")).ExitCode == 0);
        await PutsAsync(20);
        Assert.Equal(acknowledged, await KeysAsync(member.ClientUrl, "--consistency=l"));

        async Task PutsAsync(int count)
        {
            for (int i = 0; i < count; i++)
            {
                string key = $"a/{acknowledged.Count:D3}";
                Assert.Equal(0, (await ControlAsync(member.ClientUrl, "put", key, key)).ExitCode);
                acknowledged.Add(key);
            }
        }
    }

    [Fact]
    public async Task A_follower_acknowledges_nothing_stays_and_catches_up()
    {
        using SmallDisk first = await SmallDisk.MountAsync(DiskMib);
        using SmallDisk second = await SmallDisk.MountAsync(DiskMib);
        using SmallDisk third = await SmallDisk.MountAsync(DiskMib);
        SmallDisk[] disks = [first, second, third];
        await using var cluster = new TestCluster(isEtcd: false, member => disks[member].DataDirectory);
        await cluster.InitializeAsync();
        int leader = await cluster.LeaderAsync();
        int full = (leader + 1) % 3;
        int other = (leader + 2) % 3;

        // Into its reserve, where not even what others send it is written.
        disks[full].Fill(freeMib: 30);
        await UntilAsync(async () => (await ControlAsync(cluster.ClientUrl(full), "put", "a/0", "x")).Errors.Contains(Refusal, StringComparison.Ordinal));
        Assert.Equal(0, (await ControlAsync(cluster.ClientUrl(leader), "put", "a/1", "x")).ExitCode);
        Assert.Equal(["a/1"], await KeysAsync(cluster.ClientUrl(other), "--consistency=l"));

        // Its acknowledgement would be needed now, and must not come.
        cluster.Kill(other);
        Output pending = await ControlAsync(cluster.ClientUrl(leader), "--command-timeout=3s", "put", "a/2", "x");
        Assert.NotEqual(0, pending.ExitCode);
        Assert.Empty(await KeysAsync(cluster.ClientUrl(full), "--consistency=s"));
        Assert.True(cluster.IsRunning(full), cluster.Log);

        disks[full].MakeRoom();
        await UntilAsync(async () => (await ControlAsync(cluster.ClientUrl(full), "put", "a/3", "x")).ExitCode == 0);
        Assert.Subset(new HashSet<string>(await KeysAsync(cluster.ClientUrl(full), "--consistency=l")), new HashSet<string> { "a/1", "a/3" });
        Assert.True(cluster.IsRunning(full), cluster.Log);
        Assert.Contains("no room for entries", cluster.Log, StringComparison.Ordinal);
    }

    private static Task<Output> ControlAsync(string endpoint, params string[] arguments) => Processes.RunAsync("etcdctl", ["--endpoints=" + endpoint, .. arguments]);

    private static async Task<List<string>> KeysAsync(string endpoint, string consistency)
    {
        Output output = await ControlAsync(endpoint, "get", "a/", "--prefix", "--keys-only", consistency);
        Assert.True(output.ExitCode == 0, output.Errors);
        return [.. output.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!await condition())
        {
            limit.Token.ThrowIfCancellationRequested();
        }
    }
}
