using Grpc.Core;
using Veche.Api;
using Veche.Api.Members;
using Veche.Hosting;

namespace Veche.Server.Tests;

/// <summary>Members that come, go, and come back without their disk; in this process, over real sockets and files.</summary>
public sealed class MembershipTests : SocketClusterTests
{
    [Fact]
    public async Task A_member_is_added_joins_becomes_a_voter_and_stops_when_it_is_removed()
    {
        (string Name, Uri Url)[] cluster = Places(2);

        // The check would want five seconds of health before the removal; it has tests of its own.
        await StartAsync("m0", [cluster[0]], static options => options with { StrictReconfigCheck = false });
        Cluster.ClusterClient members = new(ChannelTo("m0"));
        await new KV.KVClient(ChannelTo("m0")).PutAsync(new PutRequest { Key = B("a"), Value = B("1") });

        // Before it has started it counts for nothing: writes go on.
        MemberAddResponse added = await members.MemberAddAsync(new MemberAddRequest { PeerURLs = { Urls.Plain(cluster[1].Url) } });
        Assert.Equal((string.Empty, false, 2), (added.Member.Name, added.Member.IsLearner, added.Members.Count));
        await new KV.KVClient(ChannelTo("m0")).PutAsync(new PutRequest { Key = B("a"), Value = B("2") });

        VecheServer joined = await StartAsync("m1", cluster, static options => options with { JoinExisting = true });
        await UntilAsync(() => Task.FromResult(Servers["m0"].Status.Configuration.Voters.Count == 2));
        Assert.Equal(added.Member.ID, joined.MemberId.Value);
        Assert.Equal("2", (await new KV.KVClient(ChannelTo("m1")).RangeAsync(new RangeRequest { Key = B("a") })).Kvs[0].Value.ToStringUtf8());
        MemberListResponse list = await new Cluster.ClusterClient(ChannelTo("m1")).MemberListAsync(new MemberListRequest { Linearizable = true });
        Assert.Equal(["m0", "m1"], list.Members.Select(static member => member.Name).Order());

        // Asked of the member itself, which passes it on to the leader.
        MemberRemoveResponse removed = await new Cluster.ClusterClient(ChannelTo("m1")).MemberRemoveAsync(new MemberRemoveRequest { ID = added.Member.ID });
        Assert.Single(removed.Members);
        var reason = Assert.IsType<MemberExpelledException>(await joined.Failure.WaitAsync(Patience));
        Assert.Equal(PeerVerdict.Removed, reason.Verdict);
        await new KV.KVClient(ChannelTo("m0")).PutAsync(new PutRequest { Key = B("a"), Value = B("3") });
    }

    [Fact]
    public async Task Leadership_goes_to_the_highest_priority_and_leaves_who_may_never_lead()
    {
        (string Name, Uri Url)[] cluster = Places(3);
        await StartAllAsync(cluster);
        await UntilAsync(() => Task.FromResult(Servers.Values.All(static server => server.IsPublished)));
        string chosen = Servers.First(static pair => pair.Value.Status.Role != Raft.Role.Leader).Key;
        ulong id = Servers[chosen].MemberId.Value;

        // Asked of any member, which passes it on.
        var members = new Api.Members.Members.MembersClient(ChannelTo("m1"));
        DescribeReply tuned = await members.TuneAsync(new TuneRequest { Priority = new PriorityChange { Id = id, Priority = 5 } });
        Assert.Equal(5, tuned.Members.Single(member => member.Id == id).Priority);
        await UntilAsync(() => Task.FromResult(Servers[chosen].Status.Role == Raft.Role.Leader));
        await members.TuneAsync(new TuneRequest { Priority = new PriorityChange { Id = id, Priority = 0 } });
        await UntilAsync(() => Task.FromResult(Servers.Values.Any(server => server.Status.Role == Raft.Role.Leader && server.MemberId.Value != id)));
        await RefusedAsync(members.TuneAsync(new TuneRequest { Priority = new PriorityChange { Id = 77, Priority = 1 } }), StatusCode.NotFound, "etcdserver: member not found");
        await RefusedAsync(members.TuneAsync(new TuneRequest { Priority = new PriorityChange { Id = id, Priority = -1 } }), StatusCode.FailedPrecondition, "veche: A priority goes from 0 to 1000000.");

        // Only one left that may lead: it has to.
        foreach (VecheServer server in Servers.Values.Where(server => server.MemberId.Value != id).Take(1))
        {
            await members.TuneAsync(new TuneRequest { Priority = new PriorityChange { Id = server.MemberId.Value, Priority = 0 } });
            await UntilAsync(() => Task.FromResult(Servers.Values.Any(other => other.Status.Role == Raft.Role.Leader && other.Status.Configuration.PriorityOf(other.MemberId) == 1)));
        }
    }

    [Fact]
    public async Task Sizes_of_quorums_change_live_and_unsafe_ones_are_refused()
    {
        (string Name, Uri Url)[] cluster = Places(3);
        await StartAllAsync(cluster);
        await UntilAsync(() => Task.FromResult(Servers.Values.All(static server => server.IsPublished)));
        var members = new Api.Members.Members.MembersClient(ChannelTo("m0"));
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await members.TuneAsync(new TuneRequest { Quorums = new QuorumChange { Election = 2, Commit = 1 } }));
        Assert.Contains("together they have to be more than 3", refused.Status.Detail, StringComparison.Ordinal);
        DescribeReply tuned = await members.TuneAsync(new TuneRequest { Quorums = new QuorumChange { Election = 3, Commit = 1 } });
        Assert.Equal((3, 3, 1), (tuned.Quorums.Voters, tuned.Quorums.Election, tuned.Quorums.Commit));

        // One voter more would make them unsafe.
        refused = await Assert.ThrowsAsync<RpcException>(async () => await new Cluster.ClusterClient(ChannelTo("m0")).MemberAddAsync(new MemberAddRequest { PeerURLs = { "http://127.0.0.1:1" } }));
        Assert.Contains("veche member quorum", refused.Status.Detail, StringComparison.Ordinal);

        // The leader alone commits, and there is no majority beside it.
        VecheServer leader = Servers.Values.Single(static server => server.Status.Role == Raft.Role.Leader);
        string name = Servers.First(pair => pair.Value == leader).Key;
        foreach (string other in Servers.Keys.Where(other => other != name).ToList())
        {
            await StopAsync(other);
        }

        await new KV.KVClient(ChannelTo(name)).PutAsync(new PutRequest { Key = B("a"), Value = B("1") });
        Assert.Equal("1", (await new KV.KVClient(ChannelTo(name)).RangeAsync(new RangeRequest { Key = B("a") })).Kvs[0].Value.ToStringUtf8());
    }

    [Fact]
    public async Task Refusals_have_etcds_codes_and_texts()
    {
        (string Name, Uri Url)[] cluster = Places(1);
        VecheServer server = await StartAsync("m0", cluster);
        Cluster.ClusterClient members = new(ChannelTo("m0"));
        await RefusedAsync(members.MemberAddAsync(new MemberAddRequest { PeerURLs = { "nonsense" } }), StatusCode.InvalidArgument, "etcdserver: given member URLs are invalid");
        await RefusedAsync(members.MemberAddAsync(new MemberAddRequest { PeerURLs = { Urls.Plain(cluster[0].Url) } }), StatusCode.FailedPrecondition, "etcdserver: Peer URLs already exists");
        await RefusedAsync(members.MemberRemoveAsync(new MemberRemoveRequest { ID = 12345 }), StatusCode.NotFound, "etcdserver: member not found");
        await RefusedAsync(members.MemberRemoveAsync(new MemberRemoveRequest { ID = server.MemberId.Value }), StatusCode.FailedPrecondition, "etcdserver: re-configuration failed due to not enough started members");
        await RefusedAsync(members.MemberPromoteAsync(new MemberPromoteRequest { ID = server.MemberId.Value }), StatusCode.FailedPrecondition, "etcdserver: can only promote a learner member");
        MemberAddResponse learner = await members.MemberAddAsync(new MemberAddRequest { PeerURLs = { "http://127.0.0.1:1" }, IsLearner = true });
        Assert.True(learner.Member.IsLearner);
        await RefusedAsync(members.MemberAddAsync(new MemberAddRequest { PeerURLs = { "http://127.0.0.1:2" }, IsLearner = true }), StatusCode.FailedPrecondition, "etcdserver: too many learner members in cluster");
        await RefusedAsync(members.MemberPromoteAsync(new MemberPromoteRequest { ID = learner.Member.ID }), StatusCode.FailedPrecondition, "etcdserver: can only promote a learner member which is in sync with leader");
        await RefusedAsync(members.MemberUpdateAsync(new MemberUpdateRequest { ID = learner.Member.ID, PeerURLs = { Urls.Plain(cluster[0].Url) } }), StatusCode.FailedPrecondition, "etcdserver: Peer URLs already exists");
        MemberUpdateResponse updated = await members.MemberUpdateAsync(new MemberUpdateRequest { ID = learner.Member.ID, PeerURLs = { "http://127.0.0.1:3" } });
        Assert.Contains(updated.Members, static member => member.PeerURLs.Contains("http://127.0.0.1:3"));
        Assert.Single((await members.MemberRemoveAsync(new MemberRemoveRequest { ID = learner.Member.ID })).Members);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_member_that_comes_back_with_an_empty_disk_is_refused(bool asJoining)
    {
        (string Name, Uri Url)[] cluster = Places(3);
        await StartAllAsync(cluster);
        await UntilAsync(() => Task.FromResult(Servers.Values.All(static server => server.IsPublished)));
        await StopAsync("m2");
        Directory.Delete(Path.Combine(DataDirectory, "m2"), recursive: true);
        VecheServer back = await StartAsync("m2", cluster, options => options with { JoinExisting = asJoining });
        var reason = Assert.IsType<MemberExpelledException>(await back.Failure.WaitAsync(Patience));
        Assert.Equal(PeerVerdict.LostItsDisk, reason.Verdict);
        Assert.Contains("add it anew", reason.Message, StringComparison.Ordinal);
        await new KV.KVClient(ChannelTo("m0")).PutAsync(new PutRequest { Key = B("a"), Value = B("1") });
    }

    [Fact]
    public async Task The_strict_check_keeps_those_that_decide()
    {
        (string Name, Uri Url)[] cluster = Places(3);
        await StartAllAsync(cluster);
        await UntilAsync(() => Task.FromResult(Servers.Values.All(static server => server.IsPublished)));
        Cluster.ClusterClient members = new(ChannelTo("m0"));
        ulong second = Servers["m1"].MemberId.Value;
        ulong third = Servers["m2"].MemberId.Value;
        await StopAsync("m2");
        await UntilAsync(() => Task.FromResult(Servers.Values.Any(static server => server.Status.Role == Raft.Role.Leader)));

        // One is down: with one more, or with one of those that work less, a single failure would stop everything.
        var more = new MemberAddRequest { PeerURLs = { "http://127.0.0.1:1" } };
        await RefusedAsync(members.MemberAddAsync(more), StatusCode.Unavailable, "etcdserver: unhealthy cluster");
        await RefusedAsync(members.MemberRemoveAsync(new MemberRemoveRequest { ID = second }), StatusCode.Unavailable, "etcdserver: unhealthy cluster");
        Assert.Equal(2, (await members.MemberRemoveAsync(new MemberRemoveRequest { ID = third })).Members.Count);

        // The two that are left have to have been connected for five seconds.
        ulong added = 0;
        await UntilAsync(async () =>
        {
            try
            {
                added = (await members.MemberAddAsync(more)).Member.ID;
                return true;
            }
            catch (RpcException refused)
            {
                Assert.Equal((StatusCode.Unavailable, "etcdserver: unhealthy cluster"), (refused.StatusCode, refused.Status.Detail));
                return false;
            }
        });

        // That one has not started: of four it would take three, of two it would take both.
        await RefusedAsync(members.MemberAddAsync(new MemberAddRequest { PeerURLs = { "http://127.0.0.1:2" } }), StatusCode.FailedPrecondition, "etcdserver: re-configuration failed due to not enough started members");
        await RefusedAsync(members.MemberRemoveAsync(new MemberRemoveRequest { ID = second }), StatusCode.FailedPrecondition, "etcdserver: re-configuration failed due to not enough started members");
        Assert.Equal(2, (await members.MemberRemoveAsync(new MemberRemoveRequest { ID = added })).Members.Count);
    }

    [Fact]
    public async Task A_member_whose_log_alone_was_emptied_does_not_start()
    {
        (string Name, Uri Url)[] cluster = Places(1);
        VecheServer server = await StartAsync("m0", cluster);
        await UntilAsync(() => Task.FromResult(server.IsPublished));
        await StopAsync("m0");
        foreach (string file in Directory.GetFiles(Path.Combine(DataDirectory, "m0", "log")).Where(static file => Path.GetFileName(file) != "incarnation"))
        {
            File.Delete(file);
        }

        Directory.Delete(Path.Combine(DataDirectory, "m0", "store"), recursive: true);
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => StartAsync("m0", cluster));
        Assert.Contains("log", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_one_member_has_is_made_a_cluster_of_its_own()
    {
        (string Name, Uri Url)[] cluster = Places(3);
        await StartAllAsync(cluster);
        await new KV.KVClient(ChannelTo("m0")).PutAsync(new PutRequest { Key = B("a"), Value = B("1") });
        await new KV.KVClient(ChannelTo("m1")).RangeAsync(new RangeRequest { Key = B("a") });
        foreach ((string name, _) in cluster)
        {
            await StopAsync(name);
        }

        await StartAsync("m1", cluster, static options => options with { ForceNewCluster = true });
        Assert.Equal("1", (await new KV.KVClient(ChannelTo("m1")).RangeAsync(new RangeRequest { Key = B("a") })).Kvs[0].Value.ToStringUtf8());
        await new KV.KVClient(ChannelTo("m1")).PutAsync(new PutRequest { Key = B("a"), Value = B("2") });
        Assert.Equal("m1", Assert.Single((await new Cluster.ClusterClient(ChannelTo("m1")).MemberListAsync(new MemberListRequest { Linearizable = true })).Members).Name);

        // Those that were left out are told when they come back, and stop.
        VecheServer other = await StartAsync("m2", cluster);
        Assert.Equal(PeerVerdict.Removed, Assert.IsType<MemberExpelledException>(await other.Failure.WaitAsync(Patience)).Verdict);
    }

    [Fact]
    public async Task Who_joins_and_was_not_added_is_told_what_to_do()
    {
        (string Name, Uri Url)[] cluster = Places(2);
        await StartAsync("m0", [cluster[0]]);
        await UntilAsync(() => Task.FromResult(Servers["m0"].IsPublished));
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => StartAsync("m1", cluster, static options => options with { JoinExisting = true }));
        Assert.Contains("etcdctl member add m1", refused.Message, StringComparison.Ordinal);
    }

    private static async Task RefusedAsync<T>(AsyncUnaryCall<T> call, StatusCode code, string text)
    {
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal((code, text), (refused.StatusCode, refused.Status.Detail));
    }

    private async Task StartAllAsync((string Name, Uri Url)[] cluster)
    {
        foreach ((string name, _) in cluster)
        {
            await StartAsync(name, cluster);
        }
    }
}
