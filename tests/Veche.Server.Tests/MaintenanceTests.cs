using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Api;
using Veche.Server.Options;
using Veche.Store.Backups;

namespace Veche.Server.Tests;

/// <summary>Quota, alarms, compaction and stopping of one member in this process.</summary>
public sealed class MaintenanceTests : IAsyncLifetime
{
    private const int QuotaBytes = 50_000;
    private VecheServer _server = null!;
    private GrpcChannel _channel = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await VecheServer.StartAsync(Options(), NullLoggerFactory.Instance);
        _channel = GrpcChannel.ForAddress(_server.ClientAddresses[0]);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Full_alarmed_compacted_disarmed_and_writing_again()
    {
        var kv = new KV.KVClient(_channel);
        var maintenance = new Maintenance.MaintenanceClient(_channel);
        var page = ByteString.CopyFrom(new byte[4096]);
        long revision = 1;
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (true)
            {
                revision = (await kv.PutAsync(new PutRequest { Key = B("filled"), Value = page })).Header.Revision;
            }
        });
        Assert.Equal((StatusCode.ResourceExhausted, "etcdserver: mvcc: database space exceeded"), (refused.StatusCode, refused.Status.Detail));
        AlarmMember alarm = Assert.Single((await maintenance.AlarmAsync(new AlarmRequest())).Alarms);
        StatusResponse status = await maintenance.StatusAsync(new StatusRequest());
        Assert.Equal((AlarmType.Nospace, status.Header.MemberId), (alarm.Alarm, alarm.MemberID));
        Assert.Equal(string.Create(CultureInfo.InvariantCulture, $"memberID:{alarm.MemberID} alarm:NOSPACE "), Assert.Single(status.Errors));
        Assert.True(status.DbSizeInUse is > QuotaBytes - 6000 and < QuotaBytes && status.DbSize >= status.DbSizeInUse);
        Assert.Equal(QuotaBytes, status.DbSizeQuota);
        using (var http = new HttpClient())
        {
            HttpResponseMessage health = await http.GetAsync(_server.ClientAddresses[0] + "/health");
            Assert.Equal((503, "{\"health\":\"false\"}"), ((int)health.StatusCode, await health.Content.ReadAsStringAsync()));
            Assert.Equal("{\"health\":\"true\"}", await http.GetStringAsync(_server.ClientAddresses[0] + "/health?exclude=NOSPACE"));
            string metrics = await http.GetStringAsync(_server.ClientAddresses[0] + "/metrics");
            Assert.Contains("etcd_server_quota_backend_bytes 50000", metrics, StringComparison.Ordinal);
            Assert.Contains(string.Create(CultureInfo.InvariantCulture, $"etcd_mvcc_put_total {revision - 1}"), metrics, StringComparison.Ordinal);
        }

        // A small one would fit, but the alarm is on.
        await Assert.ThrowsAsync<RpcException>(async () => await kv.PutAsync(new PutRequest { Key = B("small") }));
        await kv.CompactAsync(new CompactionRequest { Revision = revision, Physical = true });
        Assert.True((await maintenance.StatusAsync(new StatusRequest())).DbSizeInUse < 9000);
        await maintenance.DefragmentAsync(new DefragmentRequest());
        await maintenance.AlarmAsync(new AlarmRequest { Action = AlarmRequest.Types.AlarmAction.Deactivate, Alarm = AlarmType.Nospace, MemberID = alarm.MemberID });
        await kv.PutAsync(new PutRequest { Key = B("small") });
        Assert.Empty((await maintenance.StatusAsync(new StatusRequest())).Errors);
    }

    [Fact]
    public async Task A_physical_compaction_has_made_room_when_it_answers_though_nothing_else_is_written()
    {
        var kv = new KV.KVClient(_channel);
        PutResponse put = new();
        for (int i = 0; i < 600; i++)
        {
            put = await kv.PutAsync(new PutRequest { Key = B("k") });
        }

        await kv.CompactAsync(new CompactionRequest { Revision = put.Header.Revision, Physical = true });
        Assert.InRange((await new Maintenance.MaintenanceClient(_channel).StatusAsync(new StatusRequest())).DbSizeInUse, 1, 200);
    }

    [Fact]
    public async Task A_snapshot_streams_a_file_that_says_how_long_it_is_and_ends_with_its_hash()
    {
        var kv = new KV.KVClient(_channel);
        for (int i = 0; i < 20; i++)
        {
            await kv.PutAsync(new PutRequest { Key = B("k" + i.ToString(CultureInfo.InvariantCulture)), Value = ByteString.CopyFrom(new byte[1000]) });
        }

        using var file = new MemoryStream();
        using AsyncServerStreamingCall<SnapshotResponse> call = new Maintenance.MaintenanceClient(_channel).Snapshot(new SnapshotRequest());
        ulong expected = 0;
        while (await call.ResponseStream.MoveNext(default))
        {
            SnapshotResponse piece = call.ResponseStream.Current;
            Assert.True(file.Length == 0 || piece.RemainingBytes == (piece.Blob.Length == 32 ? 0 : expected - (ulong)piece.Blob.Length));
            expected = piece.RemainingBytes;
            file.Write(piece.Blob.Span);
        }

        BackupSummary summary = BackupFile.Open(file, checkHash: true).Summarize();
        Assert.Equal(21, summary.Revision);
        Assert.NotEqual(0u, (await new Maintenance.MaintenanceClient(_channel).HashAsync(new HashRequest())).Hash);
    }

    [Theory]
    [InlineData("3.3.0", "")]
    [InlineData("3.3", "")]
    [InlineData("3.2.0", "etcdserver: invalid downgrade target version")]
    [InlineData("3.4.0", "etcdserver: invalid downgrade target version")]
    [InlineData("three", "etcdserver: wrong downgrade target version format")]
    public async Task Downgrades_are_judged_as_etcd_judges_them(string version, string refusal)
    {
        var maintenance = new Maintenance.MaintenanceClient(_channel);
        var request = new DowngradeRequest { Action = DowngradeRequest.Types.DowngradeAction.Validate, Version = version };
        if (refusal.Length == 0)
        {
            Assert.Equal("3.4.0", (await maintenance.DowngradeAsync(request)).Version);
            return;
        }

        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await maintenance.DowngradeAsync(request));
        Assert.Equal((StatusCode.InvalidArgument, refusal), (refused.StatusCode, refused.Status.Detail));
    }

    [Fact]
    public async Task A_downgrade_is_under_way_until_it_is_cancelled()
    {
        Maintenance.MaintenanceClient maintenance = new(_channel);
        var enable = new DowngradeRequest { Action = DowngradeRequest.Types.DowngradeAction.Enable, Version = "3.3.0" };
        var cancel = new DowngradeRequest { Action = DowngradeRequest.Types.DowngradeAction.Cancel };
        var validate = new DowngradeRequest { Action = DowngradeRequest.Types.DowngradeAction.Validate, Version = "3.3.0" };
        await RefusedAsync(maintenance.DowngradeAsync(cancel), "etcdserver: no inflight downgrade job");
        Assert.Null((await maintenance.StatusAsync(new StatusRequest())).DowngradeInfo);

        Assert.Equal("3.4.0", (await maintenance.DowngradeAsync(enable)).Version);
        Assert.Equal(new DowngradeInfo { Enabled = true, TargetVersion = "3.3.0" }, (await maintenance.StatusAsync(new StatusRequest())).DowngradeInfo);
        await RefusedAsync(maintenance.DowngradeAsync(enable), "etcdserver: cluster has a downgrade job in progress");
        await RefusedAsync(maintenance.DowngradeAsync(validate), "etcdserver: cluster has a downgrade job in progress");

        Assert.Equal("3.4.0", (await maintenance.DowngradeAsync(cancel)).Version);
        Assert.Null((await maintenance.StatusAsync(new StatusRequest())).DowngradeInfo);
        await RefusedAsync(maintenance.DowngradeAsync(cancel), "etcdserver: no inflight downgrade job");

        static async Task RefusedAsync(AsyncUnaryCall<DowngradeResponse> call, string text)
        {
            RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await call);
            Assert.Equal((StatusCode.FailedPrecondition, text), (refused.StatusCode, refused.Status.Detail));
        }
    }

    [Fact]
    public async Task A_stop_tells_open_streams_and_does_not_wait_for_them()
    {
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> watch = new Watch.WatchClient(_channel).Watch();
        await watch.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = B("w") } });
        await watch.ResponseStream.MoveNext(default);
        using AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> alive = new Lease.LeaseClient(_channel).LeaseKeepAlive();
        await alive.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = 1 });
        await alive.ResponseStream.MoveNext(default);
        Task<bool> next = watch.ResponseStream.MoveNext(default);
        await _server.StopAsync();

        // Otherwise the server would wait for the clients to leave, and then cut them off without a word.
        RpcException ended = await Assert.ThrowsAsync<RpcException>(() => next);
        Assert.Equal((StatusCode.Unavailable, "etcdserver: server stopped"), (ended.StatusCode, ended.Status.Detail));
    }

    private static ByteString B(string text) => ByteString.CopyFromUtf8(text);

    private static ServerOptions Options() => new()
    {
        Memory = true,
        ListenClientUrls = [new Uri("http://127.0.0.1:0")],
        ListenPeerUrls = [new Uri("http://127.0.0.1:0")],
        ElectionTimeoutMs = 100,
        HeartbeatIntervalMs = 10,
        QuotaBackendBytes = QuotaBytes,
    };
}
