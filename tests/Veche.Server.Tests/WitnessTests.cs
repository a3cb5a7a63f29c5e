using Grpc.Core;
using Grpc.Net.Client;
using Veche.Api;
using Veche.Api.Members;
using Veche.Hosting;
using Veche.Server.Options;

namespace Veche.Server.Tests;

/// <summary>Members that vote and hold no data; in this process, over real sockets and files.</summary>
public sealed class WitnessTests : SocketClusterTests
{
    private const string Needle = "what-no-witness-may-have";
    private const string MayNot = "veche: this member is a witness: it votes, and holds no data. Ask another member";
    private const string OneCopy = "committed with the vote of a witness: 1 copy of the data is known of the 2 of a majority";

    private static readonly Metadata Everywhere = new() { { "veche-write-concern", "all" } };

    [Fact]
    public async Task Two_members_with_data_and_a_witness_go_on_with_one_and_say_what_that_is_worth()
    {
        (string Name, Uri Url)[] cluster = Places(3);
        await FoundAsync(cluster);

        // Without a concern the witness may be faster than the second copy now and then, and then there is something to say.
        Assert.Null(await PutAsync(Leader(), "both", Everywhere));

        // A leader and a witness are a majority of votes, and one copy.
        string away = Follower();
        await StopAsync(away);
        Assert.Equal(OneCopy, await PutAsync(Leader(), "one"));
        string? reached = null;
        Assert.Equal(OneCopy, await PutAsync(Leader(), "one", new Metadata { { "veche-write-concern", "majority" } }, trailers => reached = trailers.GetValue("veche-reached")));
        Assert.Equal("majority", reached);

        // Copies are asked for by number, and there are none to be had.
        RpcException late = await Assert.ThrowsAsync<RpcException>(() => PutAsync(Leader(), "two", new Metadata { { "veche-write-concern", "2" }, { "veche-write-timeout-ms", "300" } }));
        Assert.Equal(("majority", StatusCode.Unavailable), (late.Trailers.GetValue("veche-reached"), late.StatusCode));

        // It catches up, and what the witness stood in for is there twice again.
        await StartAsync(away, cluster, Witnessed);
        await UntilAsync(() => Servers[away].Status.AppliedIndex == Servers[Leader()].Status.AppliedIndex);
        Assert.Null(await PutAsync(Leader(), "both", Everywhere));
        await StopAsync(Leader());
        await UntilAsync(() => Servers[away].Status.Role == Raft.Role.Leader);
        RangeResponse read = await new KV.KVClient(ChannelTo(away)).RangeAsync(new RangeRequest { Key = B("k") });
        Assert.Equal(Needle + "both", read.Kvs[0].Value.ToStringUtf8());
        await StopAsync(away);
        await StopAsync("m2");
        Assert.True(Holds(away), "a search that finds nothing anywhere shows nothing");
        Assert.False(Holds("m2"), "the witness has a value");
    }

    [Fact]
    public async Task A_witness_serves_how_it_is_and_nothing_else()
    {
        (string Name, Uri Url)[] cluster = Places(3);
        await FoundAsync(cluster);
        GrpcChannel channel = ChannelTo("m2");
        KV.KVClient keys = new(channel);
        await RefusedAsync(keys.RangeAsync(new RangeRequest { Key = B("k"), Serializable = true }).ResponseAsync);
        await RefusedAsync(keys.PutAsync(new PutRequest { Key = B("k"), Value = B("v") }).ResponseAsync);
        await RefusedAsync(keys.TxnAsync(new TxnRequest()).ResponseAsync);
        await RefusedAsync(new Lease.LeaseClient(channel).LeaseGrantAsync(new LeaseGrantRequest { TTL = 5 }).ResponseAsync);
        await RefusedAsync(new Maintenance.MaintenanceClient(channel).HashKVAsync(new HashKVRequest()).ResponseAsync);
        await RefusedAsync(new Maintenance.MaintenanceClient(channel).AlarmAsync(new AlarmRequest()).ResponseAsync);
        await RefusedAsync(new Veche.Api.Auth.AuthClient(channel).AuthEnableAsync(new AuthEnableRequest()).ResponseAsync);
        await RefusedAsync(new Cluster.ClusterClient(channel).MemberRemoveAsync(new MemberRemoveRequest { ID = 1 }).ResponseAsync);
        using AsyncServerStreamingCall<SnapshotResponse> snapshot = new Maintenance.MaintenanceClient(channel).Snapshot(new SnapshotRequest());
        await RefusedAsync(snapshot.ResponseStream.MoveNext(CancellationToken.None));
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> watch = new Watch.WatchClient(channel).Watch();
        await RefusedAsync(watch.ResponseStream.MoveNext(CancellationToken.None));
        using var http = new HttpClient();
        using HttpResponseMessage gateway = await http.PostAsync(new Uri($"{Servers["m2"].ClientAddresses[0]}/v3/kv/range"), new StringContent("{\"key\":\"aw==\"}"));
        Assert.Contains(MayNot, await gateway.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        Assert.Equal("{\"health\":\"true\"}", await http.GetStringAsync(new Uri($"{Servers["m2"].ClientAddresses[0]}/health")));
        Assert.Equal(Servers["m2"].MemberId.Value, (await new Maintenance.MaintenanceClient(channel).StatusAsync(new StatusRequest())).Header.MemberId);
        Assert.Equal(["m0", "m1", "m2"], (await new Cluster.ClusterClient(channel).MemberListAsync(new MemberListRequest { Linearizable = true })).Members.Select(static known => known.Name).Order());
        DescribeReply described = await new Members.MembersClient(channel).DescribeAsync(new DescribeRequest());
        Assert.Equal([("m0", false), ("m1", false), ("m2", true)], described.Members.Select(static known => (known.Name, known.IsWitness)).Order());
    }

    [Fact]
    public async Task A_witness_is_added_to_a_cluster_whose_log_is_gone_and_gets_a_snapshot_without_data()
    {
        (string Name, Uri Url)[] cluster = Places(2);
        await StartAsync("m0", [cluster[0]], static options => options with { SnapshotCount = 10 });
        for (int i = 0; i < 48; i++)
        {
            await PutAsync("m0", new string('x', 1 << 20));
        }

        await UntilAsync(() => Servers["m0"].Status.FirstIndex > 5);
        Members.MembersClient members = new(ChannelTo("m0"));
        MemberAddResponse added = await members.AddWitnessAsync(new AddWitnessRequest { PeerUrls = { Urls.Plain(cluster[1].Url) } });

        // Neither is it taken for what it is not, nor is there a second one: the two of them could commit what nobody holds.
        ServerStartException mistaken = await Assert.ThrowsAsync<ServerStartException>(() => StartAsync("m1", cluster, static options => options with { JoinExisting = true }));
        Assert.Equal("the cluster has added m1 as a witness; start it with --witness, or remove it and add it as a member with data", mistaken.Message);
        RpcException tooMany = await Assert.ThrowsAsync<RpcException>(async () => await members.AddWitnessAsync(new AddWitnessRequest { PeerUrls = { "http://127.0.0.1:1" } }));
        Assert.Equal("veche: of 3 voters, 2 are witnesses, and a commit quorum of 2 could be witnesses alone, so what is committed could be held by nobody: have at most 1 of so many; add members with data first", tooMany.Status.Detail);

        VecheServer witness = await StartAsync("m1", cluster, static options => options with { JoinExisting = true, Witness = true });
        await UntilAsync(() => Servers["m0"].Status.Configuration.Voters.Count == 2 && witness.Status.CommitIndex == Servers["m0"].Status.CommitIndex);
        Assert.True(witness.Status.FirstIndex > 5, "it was to be a snapshot");
        Assert.True(witness.Status.Configuration.IsWitness(witness.MemberId));
        Assert.Equal(added.Member.ID, witness.MemberId.Value);
        Assert.Equal(OneCopy, await PutAsync("m0", "more"));

        // Stopped and started, it is the same one, and only as a witness.
        await StopAsync("m1");
        mistaken = await Assert.ThrowsAsync<ServerStartException>(() => StartAsync("m1", cluster, static options => options with { JoinExisting = true }));
        Assert.EndsWith("belongs to a witness; start it with --witness, or remove the member, add it anew, and give it an empty directory", mistaken.Message, StringComparison.Ordinal);
        witness = await StartAsync("m1", cluster, static options => options with { JoinExisting = true, Witness = true });
        Assert.Equal(OneCopy, await PutAsync("m0", "still more"));
        await UntilAsync(() => witness.IsPublished);
        await StopAsync("m1");
        await StopAsync("m0");
        Assert.True(Holds("m0"), "a search that finds nothing anywhere shows nothing");
        Assert.False(Holds("m1"), "the witness has a value");
    }

    [Fact]
    public async Task A_witness_that_has_lost_its_disk_is_not_believed()
    {
        (string Name, Uri Url)[] cluster = Places(3);
        await FoundAsync(cluster);
        await StopAsync("m2");
        Directory.Delete(Path.Combine(DataDirectory, "m2"), recursive: true);
        VecheServer again = await StartAsync("m2", cluster, static options => Witnessed(options) with { Witness = true });
        var reason = Assert.IsType<MemberExpelledException>(await again.Failure.WaitAsync(Patience));
        Assert.Equal(PeerVerdict.LostItsDisk, reason.Verdict);
        Assert.Null(await PutAsync(Leader(), "both"));
    }

    [Fact]
    public async Task A_witness_whose_log_is_damaged_takes_it_anew_from_the_others_without_data()
    {
        (string Name, Uri Url)[] cluster = Places(3);
        await FoundAsync(cluster);
        await PutAsync(Leader(), "both");
        long committed = Servers[Leader()].Status.CommitIndex;
        await UntilAsync(() => Servers["m2"].Status.AppliedIndex >= committed);
        await StopAsync("m2");
        string log = Directory.EnumerateFiles(Path.Combine(DataDirectory, "m2", "log"), "wal-0*.log").Order(StringComparer.Ordinal).First();
        byte[] bytes = await File.ReadAllBytesAsync(log);
        bytes[bytes.AsSpan().IndexOf("http://127.0.0.1"u8)] ^= 1;
        await File.WriteAllBytesAsync(log, bytes);

        VecheServer again = await StartAsync("m2", cluster, Witnessed);
        await UntilAsync(() => again.Status is { IsRecovering: false } status && status.AppliedIndex > committed);
        Assert.NotEmpty(Directory.EnumerateFileSystemEntries(Path.Combine(DataDirectory, "m2", "log"), "damaged-*"));
        await UntilAsync(() => Servers.Values.Any(static server => server.Status.Role == Raft.Role.Leader));
        await StopAsync("m2");
        Assert.False(Holds("m2"), "the witness has a value");
    }

    [Fact]
    public async Task A_member_with_data_does_not_become_a_witness()
    {
        (string Name, Uri Url)[] cluster = Places(1);
        await StartAsync("m0", cluster);
        await UntilAsync(() => Servers["m0"].IsPublished);
        await StopAsync("m0");
        ServerStartException mistaken = await Assert.ThrowsAsync<ServerStartException>(() => StartAsync("m0", cluster, static options => options with { Witness = true }));
        Assert.Contains("belongs to a member with data; start it without --witness", mistaken.Message, StringComparison.Ordinal);
    }

    /// <summary>The check would want five seconds of health before a change; it has tests of its own.</summary>
    protected override ServerOptions Usual(ServerOptions options) => options with { StrictReconfigCheck = false };

    private static ServerOptions Witnessed(ServerOptions options) => options with { InitialWitnesses = ["m2"], Witness = options.Name == "m2" };

    private static async Task RefusedAsync(Task call)
    {
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => call);
        Assert.Equal((StatusCode.Unavailable, MayNot), (refused.StatusCode, refused.Status.Detail));
    }

    private string Leader() => Servers.Single(static pair => pair.Value.Status.Role == Raft.Role.Leader).Key;

    private string Follower() => Servers.Single(static pair => pair.Key != "m2" && pair.Value.Status.Role != Raft.Role.Leader).Key;

    private bool Holds(string name) => Directory.EnumerateFiles(Path.Combine(DataDirectory, name), "*", SearchOption.AllDirectories).Any(static path => File.ReadAllBytes(path).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(Needle)) >= 0);

    /// <summary>Writes, and returns what there was to be warned of.</summary>
    private async Task<string?> PutAsync(string name, string value, Metadata? metadata = null, Action<Metadata>? look = null)
    {
        using AsyncUnaryCall<PutResponse> call = new KV.KVClient(ChannelTo(name)).PutAsync(new PutRequest { Key = B("k"), Value = B(Needle + value) }, metadata);
        await call;
        look?.Invoke(call.GetTrailers());
        return call.GetTrailers().GetValue("veche-warning");
    }

    private async Task FoundAsync((string Name, Uri Url)[] cluster)
    {
        VecheServer[] started = await Task.WhenAll(cluster.Select(member => StartAsync(member.Name, cluster, Witnessed)));
        await UntilAsync(() => started.All(static server => server.IsPublished) && started.Any(static server => server.Status.Role == Raft.Role.Leader));
    }
}
