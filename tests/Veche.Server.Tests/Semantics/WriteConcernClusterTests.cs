using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Api;
using Veche.Raft;
using static Veche.Server.Tests.Auth.AuthServer;

namespace Veche.Server.Tests.Semantics;

/// <summary>Write concerns over real sockets, on three members of two zones.</summary>
public sealed class WriteConcernClusterTests : IAsyncLifetime
{
    private readonly List<VecheServer> _servers = [];
    private readonly List<GrpcChannel> _channels = [];

    public async ValueTask InitializeAsync()
    {
        List<(string, Uri)> cluster = [.. TestPorts.Free(3).Select(static (port, i) => ("m" + i, new Uri($"http://127.0.0.1:{port}")))];
        foreach ((string name, Uri url) in cluster)
        {
            _servers.Add(await VecheServer.StartAsync(
                Quick with
                {
                    Name = name,
                    Zone = name == "m2" ? "west" : "east",
                    ListenPeerUrls = [url],
                    AdvertisePeerUrls = [url],
                    InitialCluster = cluster,
                    ElectionTimeoutMs = 300,
                    HeartbeatIntervalMs = 30,
                    PrefixProfiles = "/cache/=disposable",
                },
                NullLoggerFactory.Instance));
            _channels.Add(GrpcChannel.ForAddress(_servers[^1].ClientAddresses[0]));
        }

        // Each is known to the others once it has published itself, and its own answer says that.
        foreach (VecheServer server in _servers)
        {
            await server.Published;
        }

        // What one has applied the others hear of at their next confirmed read.
        foreach (GrpcChannel channel in _channels)
        {
            await new KV.KVClient(channel).RangeAsync(new RangeRequest { Key = B("a") });
        }
    }

    public async ValueTask DisposeAsync()
    {
        _channels.ForEach(static channel => channel.Dispose());
        foreach (VecheServer server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    [Fact]
    public async Task Every_concern_is_answered_by_every_member()
    {
        (string, bool)[] concerns =
        [
            ("none", false),
            ("leader", false),
            ("leader+fsync", false),
            ("majority-memory", false),
            ("1", false),
            ("majority", true),
            ("majority+applied", true),
            ("leader+applied", true),
            ("all", true),
            ("all+applied", true),
            ("3", true),
            ("zones:2", true),
            ("any:2(m0,m2)+applied", true),
        ];
        foreach (((string concern, bool knowsItsRevision), GrpcChannel channel) in concerns.SelectMany(concern => _channels.Select(channel => (concern, channel))))
        {
            (PutResponse response, Metadata trailers) = await PutAsync(channel, concern);
            string reached = trailers.GetValue("veche-reached")!;

            // A commit may come before the word that less was reached, and is more.
            Assert.True(reached == concern || (!knowsItsRevision && reached == "majority" && concern != "none"), reached);
            Assert.Equal(knowsItsRevision || reached == "majority", response.Header.Revision > 0);
            Assert.True(response.Header.MemberId != 0);
        }
    }

    [Fact]
    public async Task What_cannot_be_is_refused_at_once()
    {
        (string, string)[] concerns =
        [
            ("5", "veche: 5 members are asked for, and there are 3 that vote"),
            ("zones:3", "veche: zones:3 asks for 3 zones, and there are 2: east, west"),
            ("any:1(m7)", "veche: any:1(m7) names m7, and there are m0, m1, m2"),
        ];
        foreach ((string concern, string expected) in concerns)
        {
            RpcException refused = await Assert.ThrowsAsync<RpcException>(() => PutAsync(_channels[0], concern));
            Assert.Equal((StatusCode.InvalidArgument, expected), (refused.StatusCode, refused.Status.Detail));
        }
    }

    [Fact]
    public async Task Answers_that_depend_on_the_state_are_not_given_before_it_is_known()
    {
        var kv = new KV.KVClient(_channels[0]);
        await RefusedAsync(() => kv.PutAsync(new PutRequest { Key = B("a"), PrevKv = true }, Concern("leader")), "prev_kv is known only then");
        await RefusedAsync(() => kv.PutAsync(new PutRequest { Key = B("a"), Lease = 5 }, Concern("leader")), "whether the lease exists is known only then");
        await RefusedAsync(() => kv.DeleteRangeAsync(new DeleteRangeRequest { Key = B("a") }, Concern("leader")), "how many keys are deleted is known only then");
        await RefusedAsync(() => kv.TxnAsync(WriteOf("a"), Concern("none")), "the outcome of a transaction's compares and operations is known only then");
        Assert.Single((await kv.TxnAsync(WriteOf("a"), Concern("all"))).Responses);

        static async Task RefusedAsync<T>(Func<AsyncUnaryCall<T>> call, string reason)
        {
            RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await call());
            Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
            Assert.Contains(reason, refused.Status.Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_prefix_set_to_answer_early_still_answers_what_depends_on_the_state()
    {
        var kv = new KV.KVClient(_channels[0]);
        AsyncUnaryCall<PutResponse> put = kv.PutAsync(new PutRequest { Key = B("/cache/a"), Value = B("1") });
        await put;
        Assert.Contains(put.GetTrailers().GetValue("veche-reached"), (string[])["leader", "majority"]);
        AsyncUnaryCall<TxnResponse> transaction = kv.TxnAsync(WriteOf("/cache/a"));
        Assert.True((await transaction).Header.Revision > 0);
        Assert.Equal("majority", transaction.GetTrailers().GetValue("veche-reached"));

        // A key without a profile is answered as etcd does, with nothing added.
        AsyncUnaryCall<PutResponse> plain = kv.PutAsync(new PutRequest { Key = B("a") });
        Assert.True((await plain).Header.Revision > 0);
        Assert.Null(plain.GetTrailers().GetValue("veche-reached"));
    }

    [Fact]
    public async Task Without_one_member_all_times_out_and_says_what_was_reached()
    {
        int follower = await StopFollowerAsync();
        GrpcChannel channel = _channels[(follower + 1) % 3];
        AsyncUnaryCall<PutResponse> put = new KV.KVClient(channel).PutAsync(new PutRequest { Key = B("a"), Value = B("1") }, [.. Concern("all"), new("veche-write-timeout-ms", "500")]);
        long started = Stopwatch.GetTimestamp();
        RpcException exception = await Assert.ThrowsAsync<RpcException>(async () => await put);
        Assert.Equal((StatusCode.Unavailable, "etcdserver: request timed out"), (exception.StatusCode, exception.Status.Detail));
        Assert.Equal("majority", exception.Trailers.GetValue("veche-reached"));
        Assert.Equal("the write is committed and takes effect; all was not reached in time", exception.Trailers.GetValue("veche-warning"));
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalMilliseconds, 400, 5000);

        // It is there all the same, and less is reached at once.
        Assert.Equal("1", (await new KV.KVClient(channel).RangeAsync(new RangeRequest { Key = B("a") })).Kvs[0].Value.ToStringUtf8());
        Assert.Equal("2", (await PutAsync(channel, "2")).Trailers.GetValue("veche-reached"));
    }

    [Fact]
    public async Task Without_a_quorum_a_write_that_asks_is_refused_at_once()
    {
        await StopFollowerAsync();
        await StopFollowerAsync();
        VecheServer left = _servers.Single(server => server.Status.Term > 0 && !_stopped.Contains(server));
        GrpcChannel channel = _channels[_servers.IndexOf(left)];

        // Once it has noticed: each of these ends, and in the end because nobody leads.
        RpcException refused;
        long started;
        do
        {
            started = Stopwatch.GetTimestamp();
            refused = await Assert.ThrowsAsync<RpcException>(() => PutAsync(channel, "majority", timeoutMs: 1000));
        }
        while (Stopwatch.GetElapsedTime(started).TotalMilliseconds > 200);
        Assert.Equal((StatusCode.Unavailable, "etcdserver: no leader"), (refused.StatusCode, refused.Status.Detail));
        Assert.Equal("refused", refused.Trailers.GetValue("veche-reached"));
    }

    [Fact]
    public async Task Writes_are_counted_by_concern()
    {
        await PutAsync(_channels[0], "all");
        await new KV.KVClient(_channels[0]).PutAsync(new PutRequest { Key = B("a") });
        using var http = new HttpClient { BaseAddress = new Uri(_servers[0].ClientAddresses[0]) };
        string text = await http.GetStringAsync("/metrics");
        Assert.Contains("veche_writes_total{concern=\"all\",outcome=\"success\"} 1", text, StringComparison.Ordinal);
        Assert.Contains("veche_writes_total{concern=\"majority\",outcome=\"success\"}", text, StringComparison.Ordinal);
        Assert.Contains("veche_write_seconds_count{concern=\"all\"} 1", text, StringComparison.Ordinal);
    }

    private readonly HashSet<VecheServer> _stopped = [];

    private static TxnRequest WriteOf(string key) => new() { Success = { new RequestOp { RequestPut = new PutRequest { Key = B(key) } } } };

    private static Metadata Concern(string concern) => new() { { "veche-write-concern", concern } };

    private static async Task<(PutResponse Response, Metadata Trailers)> PutAsync(GrpcChannel channel, string concern, int timeoutMs = 5000)
    {
        AsyncUnaryCall<PutResponse> call = new KV.KVClient(channel).PutAsync(
            new PutRequest { Key = B("k"), Value = B("v") },
            [.. Concern(concern), new("veche-write-timeout-ms", timeoutMs.ToString(System.Globalization.CultureInfo.InvariantCulture))]);
        return (await call, call.GetTrailers());
    }

    private async Task<int> StopFollowerAsync()
    {
        MemberId leader = _servers.First(server => !_stopped.Contains(server)).Status.Leader;
        int follower = _servers.FindIndex(server => server.MemberId != leader && !_stopped.Contains(server));
        _stopped.Add(_servers[follower]);
        await _servers[follower].DisposeAsync();
        return follower;
    }
}
