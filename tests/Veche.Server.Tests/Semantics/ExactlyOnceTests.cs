using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Api;
using Veche.Api.V1;
using Veche.Server.Options;
using Veche.Server.Semantics;
using Outcome = Veche.Api.V1.AskOutcomeResponse.Types.Outcome;

namespace Veche.Server.Tests.Semantics;

/// <summary>Sessions and questions about outcomes, on real members.</summary>
public sealed class ExactlyOnceTests : IAsyncLifetime
{
    private readonly List<VecheServer> _servers = [];
    private readonly List<GrpcChannel> _channels = [];
    private string _session = string.Empty;

    public async ValueTask InitializeAsync()
    {
        List<(string Name, Uri Url)> cluster = [.. TestPorts.Free(3).Select(static (port, i) => ("m" + i, new Uri($"http://127.0.0.1:{port}")))];
        foreach ((string name, Uri url) in cluster)
        {
            _servers.Add(await VecheServer.StartAsync(
                new ServerOptions
                {
                    Name = name,
                    Memory = true,
                    ListenClientUrls = [new Uri("http://127.0.0.1:0")],
                    ListenPeerUrls = [url],
                    AdvertisePeerUrls = [url],
                    InitialCluster = cluster,
                    ElectionTimeoutMs = 300,
                    HeartbeatIntervalMs = 30,
                },
                NullLoggerFactory.Instance));
            _channels.Add(GrpcChannel.ForAddress(_servers[^1].ClientAddresses[0]));
        }

        OpenSessionResponse opened = await new Sessions.SessionsClient(_channels[0]).OpenAsync(new OpenSessionRequest());
        Assert.Equal(128, opened.Window);
        _session = opened.Session;
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
    public async Task A_retry_at_any_member_gets_the_first_outcome()
    {
        var request = new PutRequest { Key = B("a"), Value = B("1"), PrevKv = true };
        PutResponse first = await Keys(0).PutAsync(request, In(1));
        await Keys(1).PutAsync(new PutRequest { Key = B("a"), Value = B("2") });
        for (int i = 0; i < 3; i++)
        {
            PutResponse again = await Keys(i).PutAsync(request, In(1));
            Assert.Equal((first.Header.Revision, first.PrevKv), (again.Header.Revision, again.PrevKv));
        }

        RangeResponse now = await Keys(2).RangeAsync(new RangeRequest { Key = B("a") });
        Assert.Equal(("2", 2L), (now.Kvs[0].Value.ToStringUtf8(), now.Kvs[0].Version));
        Assert.Equal(StatusCode.InvalidArgument, (await Assert.ThrowsAsync<RpcException>(async () => await Keys(0).PutAsync(new PutRequest { Key = B("a") }, In(1)))).StatusCode);
    }

    [Fact]
    public async Task A_retry_after_a_failover_gets_the_first_outcome()
    {
        var request = new PutRequest { Key = B("f"), Value = B("1") };
        PutResponse first = await Keys(0).PutAsync(request, In(1));
        int leader = _servers.FindIndex(static server => server.Status.Role == Veche.Raft.Role.Leader);
        await _servers[leader].DisposeAsync();
        PutResponse again = await Keys((leader + 1) % 3).PutAsync(request, In(1));
        Assert.Equal(first.Header.Revision, again.Header.Revision);
        Assert.Equal(1, (await Keys((leader + 2) % 3).RangeAsync(new RangeRequest { Key = B("f") })).Kvs[0].Version);
    }

    [Fact]
    public async Task A_lease_whose_id_the_server_chose_is_granted_once()
    {
        var request = new LeaseGrantRequest { TTL = 60 };
        LeaseGrantResponse first = await new Lease.LeaseClient(_channels[0]).LeaseGrantAsync(request, In(1));
        Assert.Equal(first.ID, (await new Lease.LeaseClient(_channels[1]).LeaseGrantAsync(request, In(1))).ID);
        Assert.Single((await new Lease.LeaseClient(_channels[2]).LeaseLeasesAsync(new LeaseLeasesRequest())).Leases);
    }

    [Theory]
    [InlineData("7f", "1", StatusCode.FailedPrecondition, "veche: the session is unknown or was evicted")]
    [InlineData("nothing", "1", StatusCode.InvalidArgument, "veche: 'nothing' is no session")]
    [InlineData("7f", "0", StatusCode.InvalidArgument, "veche: veche-sequence is a whole number from 1 up")]
    [InlineData("7f", null, StatusCode.InvalidArgument, "veche: veche-session and veche-sequence go together; veche-sequence is missing")]
    public async Task What_makes_no_sense_is_refused(string session, string? sequence, StatusCode code, string text)
    {
        Metadata metadata = new() { { SemanticsHeaders.Session, session } };
        if (sequence is not null)
        {
            metadata.Add(SemanticsHeaders.Sequence, sequence);
        }

        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await Keys(0).PutAsync(new PutRequest { Key = B("a") }, metadata));
        Assert.Equal(code, refused.StatusCode);
        Assert.StartsWith(text, refused.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(0, (await Keys(0).RangeAsync(new RangeRequest { Key = B("a") })).Count);
    }

    [Fact]
    public async Task A_closed_session_is_unknown()
    {
        var sessions = new Sessions.SessionsClient(_channels[1]);
        await sessions.CloseAsync(new CloseSessionRequest { Session = _session });
        Assert.Equal(StatusCode.FailedPrecondition, (await Assert.ThrowsAsync<RpcException>(async () => await Keys(0).PutAsync(new PutRequest { Key = B("a") }, In(1)))).StatusCode);
        Assert.Equal(StatusCode.FailedPrecondition, (await Assert.ThrowsAsync<RpcException>(async () => await sessions.CloseAsync(new CloseSessionRequest { Session = _session }))).StatusCode);
    }

    [Fact]
    public async Task A_question_about_a_request_in_a_session_is_answered_truthfully_and_settles_it()
    {
        string token = OutcomeToken.Of(SessionTerms.ParseId(_session), 4).ToString();
        Assert.Equal(Outcome.Unknown, (await AskAsync(1, token)).Outcome);
        Assert.Equal(Outcome.Never, (await AskAsync(2, token, settle: true)).Outcome);
        Assert.Equal(Outcome.Never, (await AskAsync(0, token)).Outcome);
        RpcException late = await Assert.ThrowsAsync<RpcException>(async () => await Keys(1).PutAsync(new PutRequest { Key = B("n") }, In(4)));
        Assert.Contains("it did not happen, and never will", late.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(0, (await Keys(1).RangeAsync(new RangeRequest { Key = B("n") })).Count);

        PutResponse put = await Keys(0).PutAsync(new PutRequest { Key = B("n") }, In(5));
        AskOutcomeResponse happened = await AskAsync(2, OutcomeToken.Of(SessionTerms.ParseId(_session), 5).ToString(), settle: true);
        Assert.Equal((Outcome.Happened, put.Header.Revision), (happened.Outcome, happened.Revision));
    }

    [Fact]
    public async Task A_write_that_times_out_names_itself_and_can_be_asked_about()
    {
        // Only one is left: what it takes is proposed by nobody, or by it alone and never committed.
        int leader = _servers.FindIndex(static server => server.Status.Role == Veche.Raft.Role.Leader);
        Task[] stops = [.. Enumerable.Range(0, 3).Where(i => i != leader).Select(i => _servers[i].DisposeAsync().AsTask())];
        await Task.WhenAll(stops);
        using AsyncUnaryCall<PutResponse> put = Keys(leader).PutAsync(new PutRequest { Key = B("u") });
        RpcException failed = await Assert.ThrowsAsync<RpcException>(async () => await put);
        Assert.Equal(StatusCode.Unavailable, failed.StatusCode);
        if (failed.Status.Detail == "etcdserver: request timed out")
        {
            Assert.StartsWith("c1-", failed.Trailers.GetValue(SemanticsHeaders.Outcome), StringComparison.Ordinal);
        }
        else
        {
            Assert.Equal("etcdserver: no leader", failed.Status.Detail);
        }
    }

    [Fact]
    public async Task A_command_that_is_not_in_the_log_is_not_said_to_have_happened() => Assert.Equal(Outcome.Unknown, (await AskAsync(0, "c1-1-1-0")).Outcome);

    private async Task<AskOutcomeResponse> AskAsync(int server, string token, bool settle = false) =>
        await new Outcomes.OutcomesClient(_channels[server]).AskAsync(new AskOutcomeRequest { Token = token, Settle = settle });

    private KV.KVClient Keys(int server) => new(_channels[server]);

    private Metadata In(long sequence) => new()
    {
        { SemanticsHeaders.Session, _session },
        { SemanticsHeaders.Sequence, sequence.ToString(System.Globalization.CultureInfo.InvariantCulture) },
    };

    private static ByteString B(string text) => ByteString.CopyFromUtf8(text);
}
