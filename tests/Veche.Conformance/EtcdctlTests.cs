using System.Diagnostics;

namespace Veche.Conformance;

/// <summary>Debian's etcdctl, unchanged.</summary>
public sealed class EtcdctlTests(TestCluster cluster) : IClassFixture<TestCluster>
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Put_get_and_delete_with_every_kind_of_range()
    {
        foreach (string key in (string[])["r/a", "r/b", "r/c", "r/d"])
        {
            Assert.Equal("OK", await cluster.OkAsync("put", key, "v" + key[^1]));
        }

        Assert.Equal("r/a|va", await cluster.OkAsync("get", "r/a"));
        Assert.Equal("r/b|vb|r/c|vc", await cluster.OkAsync("get", "r/b", "r/d"));
        Assert.Equal("va|vb|vc|vd", await cluster.OkAsync("get", "--prefix", "r/", "--print-value-only"));
        Assert.Equal("r/a|r/b", await cluster.OkAsync("get", "--prefix", "r/", "--keys-only", "--limit=2"));
        Assert.Equal("vd|vc|vb|va", await cluster.OkAsync("get", "--prefix", "r/", "--order=DESCEND", "--sort-by=KEY", "--print-value-only"));
        Assert.StartsWith("r/c|vc|r/d|vd", await cluster.OkAsync("get", "--from-key", "r/c"), StringComparison.Ordinal);
        Assert.Equal("va", await cluster.OkAsync("get", "r/a", "--consistency=s", "--print-value-only"));
        Assert.Contains("\"count\":4", await cluster.OkAsync("get", "--prefix", "r/", "-w", "json"), StringComparison.Ordinal);
        Assert.Equal("1|r/a|va", await cluster.OkAsync("del", "r/a", "--prev-kv"));
        Assert.Equal("3", await cluster.OkAsync("del", "--prefix", "r/"));
    }

    [Fact]
    public async Task Old_revisions_and_compaction()
    {
        long revision = await RevisionAsync();
        await cluster.OkAsync("put", "old", "1");
        await cluster.OkAsync("put", "old", "2");
        Assert.Equal("old|1", await cluster.OkAsync("get", "old", $"--rev={revision + 1}"));
        Assert.Contains("required revision is a future revision", (await cluster.EtcdctlAsync("get", "old", "--rev=999999")).Errors, StringComparison.Ordinal);
        Assert.Equal($"compacted revision {revision + 2}", await cluster.OkAsync("compaction", (revision + 2).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Output compacted = await cluster.EtcdctlAsync("get", "old", $"--rev={revision + 1}");
        Assert.Contains("etcdserver: mvcc: required revision has been compacted", compacted.Errors, StringComparison.Ordinal);
        Assert.Equal("old|2", await cluster.OkAsync("get", "old"));
    }

    [Fact]
    public async Task Transactions()
    {
        await cluster.OkAsync("put", "t", "1");
        Assert.Equal("SUCCESS|OK|t|2", await TxnAsync("value(\"t\") = \"1\"\n\nput t 2\nget t\n\nget t\n\n"));
        Assert.Equal("FAILURE|t|2", await TxnAsync("value(\"t\") = \"1\"\n\nput t 3\n\nget t\n\n"));
        Assert.Equal("SUCCESS|OK", await TxnAsync("create(\"t/none\") = \"0\"\nmod(\"t\") > \"0\"\n\nput t/none x\n\n\n"));
    }

    [Fact]
    public async Task Watch_from_now_and_from_the_past()
    {
        long revision = await RevisionAsync();
        await cluster.OkAsync("put", "w/a", "1");
        await cluster.OkAsync("del", "w/a");
        using Process past = Processes.Start("etcdctl", [$"--endpoints={cluster.Endpoints}", "watch", "--prefix", "w/", $"--rev={revision + 1}"], out StringWriterPair seen);
        await seen.WaitAsync(static text => text == "PUT\nw/a\n1\nDELETE\nw/a\n\n", Soon);
        await cluster.OkAsync("put", "w/b", "2");
        await seen.WaitAsync(static text => text.EndsWith("PUT\nw/b\n2\n", StringComparison.Ordinal), Soon);
        past.Kill();
        await past.WaitForExitAsync();
    }

    [Fact]
    public async Task Leases_are_granted_kept_revoked_and_expire()
    {
        string id = (await cluster.OkAsync("lease", "grant", "100")).Split(' ')[1];
        await cluster.OkAsync("put", "l/a", "1", $"--lease={id}");
        Assert.Matches($"lease {id} granted with TTL\\(100s\\), remaining\\(9[0-9]s\\), attached keys\\(\\[l/a\\]\\)|lease {id} granted with TTL\\(100s\\), remaining\\(100s\\), attached keys\\(\\[l/a\\]\\)", await cluster.OkAsync("lease", "timetolive", id, "--keys"));
        Assert.Contains(id, await cluster.OkAsync("lease", "list"), StringComparison.Ordinal);
        Assert.Equal($"lease {id} keepalived with TTL(100)", await cluster.OkAsync("lease", "keep-alive", "--once", id));
        Assert.Equal($"lease {id} revoked", await cluster.OkAsync("lease", "revoke", id));
        Assert.Equal(string.Empty, await cluster.OkAsync("get", "l/a"));
        Assert.Contains("etcdserver: requested lease not found", (await cluster.EtcdctlAsync("put", "x", "y", $"--lease={id}")).Errors, StringComparison.Ordinal);

        string brief = (await cluster.OkAsync("lease", "grant", "2")).Split(' ')[1];
        await cluster.OkAsync("put", "l/brief", "1", $"--lease={brief}");
        using Process watch = Processes.Start("etcdctl", [$"--endpoints={cluster.Endpoints}", "watch", "l/brief", $"--rev={await RevisionAsync()}"], out StringWriterPair seen);
        await seen.WaitAsync(static text => text.Contains("DELETE\nl/brief", StringComparison.Ordinal), Soon);
        watch.Kill();
        await watch.WaitForExitAsync();
    }

    [Fact]
    public async Task Status_health_and_members()
    {
        string status = await cluster.OkAsync("endpoint", "status");
        Assert.Equal(3, status.Split('|').Length);
        Assert.Single(status.Split('|'), static line => line.Split(", ")[4] == "true");
        Output health = await cluster.EtcdctlAsync("endpoint", "health");
        Assert.Equal(0, health.ExitCode);
        Assert.Equal(3, (health.Text + health.Errors).Split('\n').Count(static line => line.Contains("is healthy", StringComparison.Ordinal)));
        string members = await cluster.OkAsync("member", "list");
        Assert.Equal(3, members.Split('|').Count(static line => line.Contains(", started, m", StringComparison.Ordinal)));
        Assert.Contains(cluster.ClientUrl(1), members, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Hashes_are_the_same_on_every_member()
    {
        await cluster.OkAsync("put", "hash", "me");
        long revision = await RevisionAsync();
        for (int i = 0; i < 3; i++)
        {
            await Processes.RunAsync("etcdctl", $"--endpoints={cluster.ClientUrl(i)}", "get", "hash");
        }

        string hashes = await cluster.OkAsync("endpoint", "hashkv", $"--rev={revision}");
        Assert.Single(hashes.Split('|').Select(static line => line.Split(", ")[1]).Distinct());
    }

    [Fact]
    public async Task A_request_that_is_too_large_is_refused_with_etcds_text()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, new string('x', 1600 << 10));
        Output refused = await Processes.RunAsync("bash", "-c", $"ETCDCTL_API=3 etcdctl --endpoints={cluster.ClientUrl(0)} put large < {file}");
        File.Delete(file);
        Assert.Contains("etcdserver: request is too large", refused.Errors, StringComparison.Ordinal);
    }

    private async Task<string> TxnAsync(string script)
    {
        string file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, script);
        Output output = await Processes.RunAsync("bash", "-c", $"ETCDCTL_API=3 etcdctl --endpoints={cluster.ClientUrl(0)} txn < {file}");
        File.Delete(file);
        Assert.True(output.ExitCode == 0, output.Errors);
        return output.Lines;
    }

    private async Task<long> RevisionAsync()
    {
        string json = await cluster.OkAsync("get", "nothing-is-here", "-w", "json");
        return System.Text.Json.JsonDocument.Parse(json).RootElement.GetProperty("header").GetProperty("revision").GetInt64();
    }
}
