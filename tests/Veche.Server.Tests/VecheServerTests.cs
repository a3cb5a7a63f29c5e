using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Api;
using Veche.Server.Options;
using Veche.Store;

namespace Veche.Server.Tests;

/// <summary>One member in this process, spoken to over real sockets.</summary>
public sealed class VecheServerTests : IAsyncLifetime
{
    private VecheServer _server = null!;
    private GrpcChannel _channel = null!;
    private string _address = string.Empty;

    public async ValueTask InitializeAsync()
    {
        _server = await VecheServer.StartAsync(Options(), NullLoggerFactory.Instance);
        _address = _server.ClientAddresses[0];
        _channel = GrpcChannel.ForAddress(_address);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Keys_over_grpc()
    {
        var kv = new KV.KVClient(_channel);
        PutResponse put = await kv.PutAsync(new PutRequest { Key = B("a"), Value = B("1") });
        Assert.True(put.Header.ClusterId != 0 && put.Header.MemberId != 0 && put.Header.RaftTerm != 0);
        Assert.Equal("1", (await kv.RangeAsync(new RangeRequest { Key = B("a") })).Kvs[0].Value.ToStringUtf8());
        Assert.True((await kv.TxnAsync(new TxnRequest { Success = { new RequestOp { RequestRange = new RangeRequest { Key = B("a") } } } })).Succeeded);
        Assert.Equal(1, (await kv.DeleteRangeAsync(new DeleteRangeRequest { Key = B("a") })).Deleted);
    }

    [Fact]
    public async Task A_range_that_is_streamed_is_what_a_range_answers()
    {
        var kv = new KV.KVClient(_channel);
        byte[] value = new byte[100 << 10];
        for (int i = 0; i < 10; i++)
        {
            await kv.PutAsync(new PutRequest { Key = B($"s{i}"), Value = ByteString.CopyFrom(value) });
        }

        var request = new RangeRequest { Key = B("s"), RangeEnd = B("t"), Limit = 8 };
        using AsyncServerStreamingCall<RangeStreamResponse> call = kv.RangeStream(request);
        List<RangeResponse> pieces = await call.ResponseStream.ReadAllAsync().Select(static piece => piece.RangeResponse).ToListAsync();
        Assert.True(pieces.Count > 2);
        Assert.All(pieces.SkipLast(1), static piece => Assert.Null(piece.Header));
        var merged = new RangeResponse();
        foreach (RangeResponse piece in pieces)
        {
            merged.MergeFrom(piece);
        }

        Assert.Equal(await kv.RangeAsync(request), merged);

        // With an order it is made in one piece, without one it is sent as it is read.
        var ordered = new RangeRequest(request) { SortOrder = RangeRequest.Types.SortOrder.Ascend };
        Assert.Equal(await kv.RangeAsync(ordered), merged);
        Assert.Equal((8, true, 10L), (merged.Kvs.Count, merged.More, merged.Count));
        using AsyncServerStreamingCall<RangeStreamResponse> sorted = kv.RangeStream(new RangeRequest { Key = B("s"), SortOrder = RangeRequest.Types.SortOrder.Descend });
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await sorted.ResponseStream.MoveNext(default));
        Assert.Equal((StatusCode.Unimplemented, "RangeStream does not support custom sort orders"), (refused.StatusCode, refused.Status.Detail));
        using AsyncServerStreamingCall<RangeStreamResponse> future = kv.RangeStream(new RangeRequest { Key = B("s"), Revision = 1000 });
        refused = await Assert.ThrowsAsync<RpcException>(async () => await future.ResponseStream.MoveNext(default));
        Assert.Equal((StatusCode.OutOfRange, StoreErrors.FutureRevision.Message), (refused.StatusCode, refused.Status.Detail));
    }

    [Theory]
    [InlineData("", StatusCode.InvalidArgument, "etcdserver: key is not provided")]
    [InlineData("leased", StatusCode.NotFound, "etcdserver: requested lease not found")]
    public async Task Refusals_have_etcds_codes_and_texts(string key, StatusCode code, string text)
    {
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await new KV.KVClient(_channel).PutAsync(new PutRequest { Key = B(key), Lease = 12345 }));
        Assert.Equal((code, text), (refused.StatusCode, refused.Status.Detail));
    }

    [Fact]
    public async Task A_request_that_is_too_large_is_refused_with_etcds_text()
    {
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await new KV.KVClient(_channel).PutAsync(new PutRequest { Key = B("a"), Value = ByteString.CopyFrom(new byte[1600 << 10]) }));
        Assert.Equal("etcdserver: request is too large", refused.Status.Detail);
    }

    [Fact]
    public async Task Watches_over_grpc()
    {
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call = new Watch.WatchClient(_channel).Watch();
        await call.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = B("w") } });
        Assert.True(await call.ResponseStream.MoveNext(default) && call.ResponseStream.Current.Created);
        await new KV.KVClient(_channel).PutAsync(new PutRequest { Key = B("w"), Value = B("1") });
        Assert.True(await call.ResponseStream.MoveNext(default));
        Assert.Equal("1", Assert.Single(call.ResponseStream.Current.Events).Kv.Value.ToStringUtf8());
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(default));
    }

    [Fact]
    public async Task Leases_over_grpc()
    {
        var leases = new Lease.LeaseClient(_channel);
        LeaseGrantResponse granted = await leases.LeaseGrantAsync(new LeaseGrantRequest { TTL = 1 });
        // One and a half election timeouts are less than a second here.
        Assert.Equal(1, granted.TTL);
        await new KV.KVClient(_channel).PutAsync(new PutRequest { Key = B("l"), Lease = granted.ID });
        LeaseTimeToLiveResponse left = await leases.LeaseTimeToLiveAsync(new LeaseTimeToLiveRequest { ID = granted.ID, Keys = true });
        Assert.Equal(("l", 1L), (Assert.Single(left.Keys).ToStringUtf8(), left.GrantedTTL));
        using AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> alive = leases.LeaseKeepAlive();
        foreach ((long id, long ttl) in new[] { (granted.ID, 1L), (granted.ID + 1, 0L) })
        {
            await alive.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = id });
            Assert.True(await alive.ResponseStream.MoveNext(default));
            Assert.Equal(ttl, alive.ResponseStream.Current.TTL);
        }

        await leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = granted.ID });
        Assert.Equal(-1, (await leases.LeaseTimeToLiveAsync(new LeaseTimeToLiveRequest { ID = granted.ID })).TTL);
        Assert.Equal(0, (await new KV.KVClient(_channel).RangeAsync(new RangeRequest { Key = B("l") })).Count);
    }

    [Fact]
    public async Task An_expired_lease_takes_its_key_with_it()
    {
        LeaseGrantResponse granted = await new Lease.LeaseClient(_channel).LeaseGrantAsync(new LeaseGrantRequest { TTL = 1 });
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> call = new Watch.WatchClient(_channel).Watch();
        await call.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = B("e") } });
        await call.ResponseStream.MoveNext(default);
        await new KV.KVClient(_channel).PutAsync(new PutRequest { Key = B("e"), Lease = granted.ID });
        await call.ResponseStream.MoveNext(default);
        Assert.True(await call.ResponseStream.MoveNext(default));
        Assert.Equal(Event.Types.EventType.Delete, call.ResponseStream.Current.Events[0].Type);
    }

    [Theory]
    [InlineData("/version", "{\"etcdserver\":\"3.4.23\",\"etcdcluster\":\"3.4.0\"}")]
    [InlineData("/health", "{\"health\":\"true\"}")]
    [InlineData("/livez", "ok\n")]
    [InlineData("/readyz", "ok\n")]
    public async Task Plain_http_on_the_same_port(string path, string expected)
    {
        // The member must have a leader before it calls itself healthy.
        await new KV.KVClient(_channel).RangeAsync(new RangeRequest { Key = B("a") });
        using var http = new HttpClient { BaseAddress = new Uri(_address), DefaultRequestVersion = HttpVersion.Version11 };
        Assert.Equal(expected, await http.GetStringAsync(path));
    }

    /// <summary>What dashboards and alerts for etcd ask for; beginnings of lines, with the values that are known here.</summary>
    private static readonly string[] MetricLines =
    [
        "etcd_server_has_leader 1",
        "etcd_server_is_leader 1",
        "etcd_server_is_learner 0",
        "etcd_server_leader_changes_seen_total 1",
        "etcd_server_proposals_committed_total ",
        "etcd_server_proposals_applied_total ",
        "etcd_server_proposals_pending 0",
        "etcd_server_proposals_failed_total 0",
        "etcd_server_slow_apply_total ",
        "etcd_server_slow_read_indexes_total ",
        "etcd_server_read_indexes_failed_total 0",
        "etcd_server_quota_backend_bytes 2147483648",
        "etcd_server_health_success 1",
        "etcd_server_health_failures 0",
        "etcd_server_version{server_version=\"3.4.23\"} 1",
        "etcd_server_id{server_id=\"",
        "etcd_server_client_requests_total{type=\"unary\",client_api_version=\"unknown\"} ",
        "etcd_server_client_requests_total{type=\"unary\",client_api_version=\"3.4\"} 1",
        "etcd_server_snapshot_apply_in_progress_total 0",
        "etcd_server_learner_promote_successes 0",
        "etcd_server_range_duration_seconds_count{success=\"true\"} 1",
        "etcd_server_range_duration_seconds_count{success=\"false\"} 1",
        "etcd_cluster_version{cluster_version=\"3.4\"} 1",
        "etcd_disk_wal_fsync_duration_seconds_count ",
        "etcd_disk_wal_write_bytes_total ",
        "etcd_disk_backend_commit_duration_seconds_count ",
        "etcd_disk_backend_snapshot_duration_seconds_count 0",
        "etcd_disk_backend_defrag_duration_seconds_count 1",
        "etcd_disk_defrag_inflight 0",
        "etcd_mvcc_db_total_size_in_bytes ",
        "etcd_mvcc_db_total_size_in_use_in_bytes ",
        "etcd_mvcc_put_total 2",
        "etcd_mvcc_delete_total 1",
        "etcd_mvcc_range_total 2",
        "etcd_mvcc_txn_total 1",
        "etcd_mvcc_hash_duration_seconds_count 1",
        "etcd_mvcc_hash_rev_duration_seconds_count 1",
        "etcd_network_client_grpc_sent_bytes_total ",
        "etcd_network_client_grpc_received_bytes_total ",
        "etcd_debugging_mvcc_keys_total 1",
        "etcd_debugging_mvcc_put_total 2",
        "etcd_debugging_mvcc_watcher_total 1",
        "etcd_debugging_mvcc_watch_stream_total 1",
        "etcd_debugging_mvcc_slow_watcher_total 0",
        "etcd_debugging_mvcc_pending_events_total 0",
        "etcd_debugging_mvcc_events_total 3",
        "etcd_debugging_mvcc_current_revision 4",
        "etcd_debugging_mvcc_compact_revision 3",
        "etcd_debugging_lease_granted_total 1",
        "etcd_debugging_lease_revoked_total 1",
        "etcd_debugging_lease_renewed_total 1",
        "grpc_server_started_total{grpc_type=\"unary\",grpc_service=\"etcdserverpb.KV\",grpc_method=\"Put\"} 2",
        "grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"Put\",grpc_service=\"etcdserverpb.KV\",grpc_type=\"unary\"} 2",
        "grpc_server_msg_received_total{grpc_type=\"bidi_stream\",grpc_service=\"etcdserverpb.Watch\",grpc_method=\"Watch\"} 1",
        "grpc_server_msg_sent_total{grpc_type=\"unary\",grpc_service=\"etcdserverpb.KV\",grpc_method=\"Put\"} 2",
        "process_resident_memory_bytes ",
        "process_start_time_seconds ",
        "process_cpu_seconds_total ",
        "process_open_fds ",
        "process_max_fds ",
        "os_fd_used ",
        "os_fd_limit ",
    ];

    [Fact]
    public async Task Metrics_have_etcds_names()
    {
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> watch = new Watch.WatchClient(_channel).Watch();
        await watch.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = B("a") } });
        Assert.True(await watch.ResponseStream.MoveNext(default));

        KV.KVClient keys = new(_channel);
        await keys.PutAsync(new PutRequest { Key = B("a") });
        await keys.TxnAsync(new TxnRequest { Success = { new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = B("a") } } } }, new Metadata { { "client-api-version", "3.4" } });
        Lease.LeaseClient leases = new(_channel);
        long lease = (await leases.LeaseGrantAsync(new LeaseGrantRequest { TTL = 10 })).ID;
        using AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> alive = leases.LeaseKeepAlive();
        await alive.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = lease });
        Assert.True(await alive.ResponseStream.MoveNext(default));
        await leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = lease });
        await keys.CompactAsync(new CompactionRequest { Revision = 3 });
        using var http = new HttpClient { BaseAddress = new Uri(_address) };
        await http.PostAsync("/v3/kv/put", new StringContent("""{"key":"YQ=="}"""));
        await keys.RangeAsync(new RangeRequest { Key = B("a") });
        await Assert.ThrowsAsync<RpcException>(async () => await keys.RangeAsync(new RangeRequest { Key = B("a"), Revision = 100 }));
        Maintenance.MaintenanceClient maintenance = new(_channel);
        await maintenance.DefragmentAsync(new DefragmentRequest());
        await maintenance.HashAsync(new HashRequest());
        await maintenance.HashKVAsync(new HashKVRequest());
        await http.GetStringAsync("/health");
        for (int events = 0; events < 3; events += watch.ResponseStream.Current.Events.Count)
        {
            Assert.True(await watch.ResponseStream.MoveNext(default));
        }

        string text = await http.GetStringAsync("/metrics");
        string[] found = text.Split('\n');
        Assert.DoesNotContain(MetricLines, line => !found.Any(has => has.StartsWith(line, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_port_for_metrics_serves_no_data()
    {
        await using VecheServer server = await VecheServer.StartAsync(Options() with { ListenMetricsUrls = [new Uri("http://127.0.0.2:0")] }, NullLoggerFactory.Instance);
        string metrics = server.ClientAddresses.Single(static address => address.Contains("127.0.0.2", StringComparison.Ordinal));
        string clients = server.ClientAddresses.Single(address => address != metrics);
        using GrpcChannel allowed = GrpcChannel.ForAddress(clients);
        using GrpcChannel refused = GrpcChannel.ForAddress(metrics);
        await new KV.KVClient(allowed).PutAsync(new PutRequest { Key = B("a") });
        RpcException exception = await Assert.ThrowsAsync<RpcException>(async () => await new KV.KVClient(refused).RangeAsync(new RangeRequest { Key = B("a") }));
        Assert.Equal(StatusCode.Unimplemented, exception.StatusCode);
        using var http = new HttpClient { BaseAddress = new Uri(metrics) };
        Assert.Contains("etcd_server_has_leader 1", await http.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal("{\"health\":\"true\"}", await http.GetStringAsync("/health"));
    }

    [Fact]
    public async Task A_port_in_use_is_said_in_one_line()
    {
        ServerStartException refused = await Assert.ThrowsAsync<ServerStartException>(() => VecheServer.StartAsync(Options() with { ListenClientUrls = [new Uri(_address)] }, NullLoggerFactory.Instance));
        Assert.Contains("Choose another --listen-client-urls", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("\n", refused.Message, StringComparison.Ordinal);
    }

    private static ByteString B(string text) => ByteString.CopyFromUtf8(text);

    private static ServerOptions Options() => new()
    {
        Memory = true,
        ListenClientUrls = [new Uri("http://127.0.0.1:0")],
        ListenPeerUrls = [new Uri("http://127.0.0.1:0")],
        ElectionTimeoutMs = 100,
        HeartbeatIntervalMs = 10,
    };
}
