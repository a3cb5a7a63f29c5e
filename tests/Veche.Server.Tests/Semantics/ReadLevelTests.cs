using System.Globalization;
using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Api;
using Veche.Server.Options;
using Veche.Server.Semantics;

namespace Veche.Server.Tests.Semantics;

/// <summary>What a read at each level says, and what it refuses, on real members.</summary>
public sealed class ReadLevelTests : IAsyncLifetime
{
    private readonly List<VecheServer> _servers = [];
    private readonly List<GrpcChannel> _channels = [];

    public async ValueTask InitializeAsync()
    {
        await StartAsync(3);
        await Keys(0).PutAsync(new PutRequest { Key = B("a"), Value = B("1") });
    }

    public async ValueTask DisposeAsync()
    {
        _channels.ForEach(static channel => channel.Dispose());
        foreach (VecheServer server in _servers)
        {
            await server.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("linearizable", true)]
    [InlineData("lease", true)]
    [InlineData("session", false)]
    [InlineData("causal", false)]
    [InlineData("bounded:ms=60000", true)]
    [InlineData("bounded:revisions=0", true)]
    [InlineData("stale", false)]
    public async Task Every_level_says_revision_and_token_and_how_old(string level, bool hasAge)
    {
        for (int i = 0; i < 3; i++)
        {
            (RangeResponse response, Metadata trailers) = await ReadAsync(i, (SemanticsHeaders.ReadConcern, level));
            Assert.Equal(response.Header.Revision.ToString(CultureInfo.InvariantCulture), trailers.GetValue(SemanticsHeaders.Revision));
            CausalToken token = CausalToken.Parse(trailers.GetValue(SemanticsHeaders.Token)!);
            Assert.Equal((response.Header.ClusterId, response.Header.Revision), (token.ClusterId, token.Revision));
            if (hasAge)
            {
                Assert.Equal("1", response.Kvs[0].Value.ToStringUtf8());
                Assert.InRange(long.Parse(trailers.GetValue(SemanticsHeaders.AgeMs)!, CultureInfo.InvariantCulture), 0, 60000);
            }
        }
    }

    [Fact]
    public async Task Who_does_not_ask_hears_nothing_new()
    {
        using AsyncUnaryCall<RangeResponse> call = Keys(0).RangeAsync(new RangeRequest { Key = B("a") });
        await call;
        Assert.DoesNotContain(call.GetTrailers(), static entry => entry.Key.StartsWith("veche-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_write_gives_a_token_that_any_member_honours()
    {
        for (int i = 0; i < 60; i++)
        {
            using AsyncUnaryCall<PutResponse> put = Keys(i % 3).PutAsync(new PutRequest { Key = B("t"), Value = B($"{i}") }, With((SemanticsHeaders.ReadConcern, "session")));
            long revision = (await put).Header.Revision;
            string token = put.GetTrailers().GetValue(SemanticsHeaders.Token)!;
            Assert.Equal(revision, CausalToken.Parse(token).Revision);
            RangeResponse read = await Keys((i + 1) % 3).RangeAsync(new RangeRequest { Key = B("t") }, With((SemanticsHeaders.ReadConcern, "session"), (SemanticsHeaders.After, token)));
            Assert.True(read.Header.Revision >= revision);
            Assert.Equal($"{i}", read.Kvs[0].Value.ToStringUtf8());
        }
    }

    [Theory]
    [InlineData(SemanticsHeaders.ReadConcern, "sometimes", StatusCode.InvalidArgument, "veche: 'sometimes' is no read concern")]
    [InlineData(SemanticsHeaders.After, "x", StatusCode.InvalidArgument, "veche: 'x' is no token")]
    [InlineData(SemanticsHeaders.After, "v1-1-1-0-1", StatusCode.FailedPrecondition, "veche: the token is of cluster 1")]
    public async Task What_makes_no_sense_is_refused(string name, string value, StatusCode code, string text)
    {
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(0, (name, value)));
        Assert.Equal(code, refused.StatusCode);
        Assert.StartsWith(text, refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_of_a_history_that_is_gone_is_refused_at_once()
    {
        (RangeResponse response, Metadata trailers) = await ReadAsync(0, (SemanticsHeaders.ReadConcern, "linearizable"));
        CausalToken token = CausalToken.Parse(trailers.GetValue(SemanticsHeaders.Token)!);
        string future = (token with { Revision = response.Header.Revision + 1000 }).ToString();
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(1, (SemanticsHeaders.ReadConcern, "causal"), (SemanticsHeaders.After, future)));
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Contains("a history that is gone", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_quorum_each_level_keeps_to_what_it_promises()
    {
        (_, Metadata trailers) = await ReadAsync(0, (SemanticsHeaders.ReadConcern, "linearizable"));
        CausalToken token = CausalToken.Parse(trailers.GetValue(SemanticsHeaders.Token)!);
        string later = (token with { Revision = token.Revision + 1 }).ToString();
        await _servers[2].DisposeAsync();
        await _servers[1].DisposeAsync();
        (RangeResponse stale, Metadata told) = await ReadUntilLeaderlessAsync();
        Assert.Equal("1", stale.Kvs[0].Value.ToStringUtf8());
        Assert.Contains("no leader", told.GetValue(SemanticsHeaders.Warning), StringComparison.Ordinal);
        Assert.True(long.Parse(told.GetValue(SemanticsHeaders.AgeMs)!, CultureInfo.InvariantCulture) > 0);

        // Old enough by now to be beyond one bound, and young enough for the other.
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(0, (SemanticsHeaders.ReadConcern, "bounded:ms=1")));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);
        Assert.Matches("the state of this member is [0-9]+ ms old, and no quorum confirms", refused.Status.Detail);
        Assert.Equal("1", (await ReadAsync(0, (SemanticsHeaders.ReadConcern, "bounded:ms=60000"))).Response.Kvs[0].Value.ToStringUtf8());
        (RangeResponse degraded, Metadata warned) = await ReadAsync(0, (SemanticsHeaders.ReadConcern, "bounded:ms=1,degrade"));
        Assert.Equal("1", degraded.Kvs[0].Value.ToStringUtf8());
        Assert.Contains("which is not within bounded:ms=1,degrade", warned.GetValue(SemanticsHeaders.Warning), StringComparison.Ordinal);
        Assert.Equal(StatusCode.Unavailable, (await Assert.ThrowsAsync<RpcException>(() => ReadAsync(0, (SemanticsHeaders.ReadConcern, "bounded:revisions=1000")))).StatusCode);

        // What the token names was seen elsewhere; this member does not have it, and must not act as if it had.
        Assert.Equal("1", (await ReadAsync(0, (SemanticsHeaders.ReadConcern, "causal"), (SemanticsHeaders.After, token.ToString()))).Response.Kvs[0].Value.ToStringUtf8());
        RpcException waits = await Assert.ThrowsAsync<RpcException>(async () => await Keys(0).RangeAsync(
            new RangeRequest { Key = B("a") }, With((SemanticsHeaders.ReadConcern, "causal"), (SemanticsHeaders.After, later)), DateTime.UtcNow.AddMilliseconds(300)));
        Assert.Equal(StatusCode.DeadlineExceeded, waits.StatusCode);
    }

    [Fact]
    public async Task Reads_by_lease_need_the_bound_on_clocks()
    {
        await using VecheServer server = await VecheServer.StartAsync(Options("m", [("m", new Uri("http://127.0.0.1:0"))], new Uri("http://127.0.0.1:0")) with { LeaseClockDriftMs = null }, NullLoggerFactory.Instance);
        using GrpcChannel channel = GrpcChannel.ForAddress(server.ClientAddresses[0]);
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await new KV.KVClient(channel).RangeAsync(new RangeRequest { Key = B("a") }, With((SemanticsHeaders.ReadConcern, "lease"))));
        Assert.Equal(StatusCode.FailedPrecondition, refused.StatusCode);
        Assert.Contains("--veche-lease-clock-drift-ms", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_transaction_that_reads_is_read_at_its_level()
    {
        var request = new TxnRequest { Success = { new RequestOp { RequestRange = new RangeRequest { Key = B("a") } } } };
        using AsyncUnaryCall<TxnResponse> call = Keys(1).TxnAsync(request, With((SemanticsHeaders.ReadConcern, "bounded:revisions=0")));
        Assert.Equal("1", (await call).Responses[0].ResponseRange.Kvs[0].Value.ToStringUtf8());
        Assert.NotNull(call.GetTrailers().GetValue(SemanticsHeaders.AgeMs));
    }

    [Fact]
    public async Task The_gateway_takes_and_gives_them_as_headers()
    {
        using var http = new HttpClient { BaseAddress = new Uri(_servers[0].ClientAddresses[0]), DefaultRequestVersion = HttpVersion.Version11 };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v3/kv/range") { Content = new StringContent("{\"key\":\"YQ==\"}") };
        request.Headers.Add(SemanticsHeaders.ReadConcern, "bounded:ms=60000");
        using HttpResponseMessage response = await http.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.StartsWith("v1-", Assert.Single(response.Headers.GetValues(SemanticsHeaders.Token)), StringComparison.Ordinal);
        Assert.Single(response.Headers.GetValues(SemanticsHeaders.AgeMs));
    }

    private async Task<(RangeResponse Response, Metadata Trailers)> ReadUntilLeaderlessAsync()
    {
        while (true)
        {
            (RangeResponse response, Metadata trailers) = await ReadAsync(0, (SemanticsHeaders.ReadConcern, "stale"));
            if (trailers.GetValue(SemanticsHeaders.Warning) is not null)
            {
                return (response, trailers);
            }
        }
    }

    private async Task<(RangeResponse Response, Metadata Trailers)> ReadAsync(int server, params (string Name, string Value)[] said)
    {
        using AsyncUnaryCall<RangeResponse> call = Keys(server).RangeAsync(new RangeRequest { Key = B("a") }, With(said));
        return (await call, call.GetTrailers());
    }

    private KV.KVClient Keys(int server) => new(_channels[server]);

    private static Metadata With(params (string Name, string Value)[] said)
    {
        Metadata metadata = [];
        foreach ((string name, string value) in said)
        {
            metadata.Add(name, value);
        }

        return metadata;
    }

    private async Task StartAsync(int count)
    {
        List<(string Name, Uri Url)> cluster = [.. TestPorts.Free(count).Select(static (port, i) => ("m" + i, new Uri($"http://127.0.0.1:{port}")))];
        foreach ((string name, Uri url) in cluster)
        {
            _servers.Add(await VecheServer.StartAsync(Options(name, cluster, url), NullLoggerFactory.Instance));
            _channels.Add(GrpcChannel.ForAddress(_servers[^1].ClientAddresses[0]));
        }
    }

    private static ServerOptions Options(string name, IReadOnlyList<(string Name, Uri Url)> cluster, Uri url) => new()
    {
        Name = name,
        Memory = true,
        ListenClientUrls = [new Uri("http://127.0.0.1:0")],
        ListenPeerUrls = [url],
        AdvertisePeerUrls = [url],
        InitialCluster = cluster,
        ElectionTimeoutMs = 300,
        HeartbeatIntervalMs = 30,
        LeaseClockDriftMs = 20,
    };

    private static ByteString B(string text) => ByteString.CopyFromUtf8(text);
}
