using System.Globalization;
using Etcdserverpb;
using Google.Protobuf;

namespace Veche.Conformance;

/// <summary>A snapshot goes from Veche through etcdctl into Debian's etcd, and from there back into Veche; nothing is lost on the way.</summary>
public sealed class SnapshotTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("veche-snapshots-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task From_veche_to_etcd_and_back()
    {
        uint hash;
        await using (SingleMember veche = await SingleMember.StartAsync(isEtcd: false))
        {
            await FillAsync(veche);
            hash = await HashAsync(veche);
            await OkAsync("etcdctl", "--endpoints=" + veche.ClientUrl, "snapshot", "save", In("from-veche.db"));
            await OkAsync("dotnet", Processes.Veche, "snapshot", "save", In("by-veche.db"), "--endpoints", veche.ClientUrl);
        }

        // Two tools, two snapshots of the same state.
        string status = await OkAsync("etcdctl", "snapshot", "status", In("from-veche.db"), "-w", "json");
        Assert.Equal(status, await OkAsync("dotnet", Processes.Veche, "snapshot", "status", In("from-veche.db"), "-w", "json"));
        Assert.Equal(status, await OkAsync("etcdctl", "snapshot", "status", In("by-veche.db"), "-w", "json"));

        string peer = Peer();
        await OkAsync(["etcdctl", "snapshot", "restore", In("from-veche.db"), "--data-dir", In("etcd"), .. As(peer)]);
        await using (SingleMember etcd = await SingleMember.StartAsync(isEtcd: true, In("etcd"), "--initial-advertise-peer-urls=" + peer))
        {
            Assert.Equal(hash, await HashAsync(etcd));
            await CheckAsync(etcd);
            await new KV.KVClient(etcd.Channel).PutAsync(new PutRequest { Key = B("after"), Value = B("etcd") });
            hash = await HashAsync(etcd);
            await OkAsync("etcdctl", "--endpoints=" + etcd.ClientUrl, "snapshot", "save", In("from-etcd.db"));
        }

        peer = Peer();
        await OkAsync(["dotnet", Processes.Veche, "snapshot", "restore", In("from-etcd.db"), "--data-dir", In("veche"), .. As(peer)]);
        await using SingleMember back = await SingleMember.StartAsync(isEtcd: false, In("veche"), "--initial-advertise-peer-urls=" + peer);
        Assert.Equal(hash, await HashAsync(back));
        await CheckAsync(back);
        Output again = await Processes.RunAsync("dotnet", [Processes.Veche, "restore", In("from-etcd.db"), "--data-dir", In("veche"), .. As(peer)]);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("exists", again.Errors, StringComparison.Ordinal);
    }

    private static async Task FillAsync(SingleMember member)
    {
        var kv = new KV.KVClient(member.Channel);
        await new Lease.LeaseClient(member.Channel).LeaseGrantAsync(new LeaseGrantRequest { ID = 42, TTL = 5000 });
        long revision = 0;
        for (int i = 0; i < 500; i++)
        {
            // Some of the values are longer than a page of the file.
            var value = ByteString.CopyFrom(new byte[i % 50 == 0 ? 9000 : i]);
            revision = (await kv.PutAsync(new PutRequest { Key = B("k" + (i % 300).ToString(CultureInfo.InvariantCulture)), Value = value, Lease = i % 7 == 0 ? 42 : 0 })).Header.Revision;
        }

        await kv.DeleteRangeAsync(new DeleteRangeRequest { Key = B("k10"), RangeEnd = B("k12") });
        await kv.CompactAsync(new CompactionRequest { Revision = revision - 100, Physical = true });
    }

    private static async Task CheckAsync(SingleMember member)
    {
        LeaseTimeToLiveResponse lease = await new Lease.LeaseClient(member.Channel).LeaseTimeToLiveAsync(new LeaseTimeToLiveRequest { ID = 42, Keys = true });
        RangeResponse all = await new KV.KVClient(member.Channel).RangeAsync(new RangeRequest { Key = B("k"), RangeEnd = B("l") });
        Assert.Equal(5000, lease.GrantedTTL);
        Assert.Equal(all.Kvs.Where(static found => found.Lease == 42).Select(static found => found.Key.ToStringUtf8()), lease.Keys.Select(static key => key.ToStringUtf8()).Order(StringComparer.Ordinal));
        Assert.InRange(all.Count, 200, 299);
    }

    private static async Task<uint> HashAsync(SingleMember member) => (await new Maintenance.MaintenanceClient(member.Channel).HashKVAsync(new HashKVRequest())).Hash;

    private static async Task<string> OkAsync(params string[] command)
    {
        Output output = await Processes.RunAsync(command[0], command[1..]);
        Assert.True(output.ExitCode == 0, $"{string.Join(' ', command)}: {output.Text}{output.Errors}");
        return output.Lines;
    }

    private static string[] As(string peer) => ["--name", "single", "--initial-cluster", "single=" + peer, "--initial-advertise-peer-urls", peer];

    private static string Peer() => $"http://127.0.0.1:{TestPorts.Free().ToString(CultureInfo.InvariantCulture)}";

    private string In(string name) => Path.Combine(_directory, name);

    private static ByteString B(string text) => ByteString.CopyFromUtf8(text);
}
