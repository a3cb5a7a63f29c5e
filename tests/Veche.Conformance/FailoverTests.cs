using System.Collections.Concurrent;
using dotnet_etcd;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;

namespace Veche.Conformance;

/// <summary>kill -9 of the leader while the NuGet package dotnet-etcd writes: nothing acknowledged is lost, and writing goes on.</summary>
public sealed class FailoverTests : IAsyncLifetime
{
    private readonly TestCluster _cluster = new();

    public ValueTask InitializeAsync() => _cluster.InitializeAsync();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Nothing_acknowledged_is_lost_when_leaders_are_killed()
    {
        using var stop = new CancellationTokenSource();
        ConcurrentDictionary<string, string> acknowledged = [];
        long[] written = new long[3];
        List<Task> writers = [.. Enumerable.Range(0, 9).Select(writer => WriteAsync(writer, acknowledged, written, stop.Token))];
        for (int round = 0; round < 2; round++)
        {
            await GrowsAsync(acknowledged, 200);
            int leader = await _cluster.LeaderAsync();
            _cluster.Kill(leader);
            int next = await _cluster.LeaderAsync();
            Assert.NotEqual(leader, next);
            await GrowsAsync(acknowledged, 200);
            _cluster.Start(leader);
            await _cluster.WaitUntilHealthyAsync();
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        for (int i = 0; i < 3; i++)
        {
            using var client = new EtcdClient(_cluster.ClientUrl(i), configureChannelOptions: static options => options.Credentials = ChannelCredentials.Insecure);
            RangeResponse all = await client.GetRangeAsync("f/");
            Dictionary<string, string> found = all.Kvs.ToDictionary(static kv => kv.Key.ToStringUtf8(), static kv => kv.Value.ToStringUtf8());
            Assert.DoesNotContain(acknowledged, pair => !found.TryGetValue(pair.Key, out string? value) || value != pair.Value);
        }
    }

    [Fact]
    public async Task The_main_operations_of_dotnet_etcd()
    {
        using var client = new EtcdClient(_cluster.Endpoints, configureChannelOptions: static options => options.Credentials = ChannelCredentials.Insecure);
        await client.PutAsync("d/a", "1");
        Assert.Equal("1", await client.GetValAsync("d/a"));
        TxnResponse txn = await client.TransactionAsync(new TxnRequest
        {
            Compare = { new Compare { Key = ByteString.CopyFromUtf8("d/a"), Target = Compare.Types.CompareTarget.Value, Value = ByteString.CopyFromUtf8("1") } },
            Success = { new RequestOp { RequestPut = new PutRequest { Key = ByteString.CopyFromUtf8("d/b"), Value = ByteString.CopyFromUtf8("2") } } },
        });
        Assert.True(txn.Succeeded);
        Assert.Equal(2, (await client.GetRangeAsync("d/")).Count);
        LeaseGrantResponse lease = await client.LeaseGrantAsync(new LeaseGrantRequest { TTL = 60 });
        Assert.Equal(60, lease.TTL);
        await client.LeaseRevokeAsync(new LeaseRevokeRequest { ID = lease.ID });
        Assert.Equal(2, (await client.DeleteRangeAsync("d/")).Deleted);
        Assert.Equal(3, (await client.MemberListAsync(new MemberListRequest())).Members.Count);
    }

    private async Task WriteAsync(int writer, ConcurrentDictionary<string, string> acknowledged, long[] written, CancellationToken cancellationToken)
    {
        using var client = new EtcdClient(_cluster.ClientUrl(writer % 3), configureChannelOptions: static options => options.Credentials = ChannelCredentials.Insecure);
        for (int i = 0; !cancellationToken.IsCancellationRequested; i++)
        {
            string key = $"f/{writer}/{i:D6}";
            try
            {
                await client.PutAsync(new PutRequest { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(key) }, deadline: DateTime.UtcNow.AddSeconds(3));
                acknowledged[key] = key;
                Interlocked.Increment(ref written[writer % 3]);
            }
            catch (Exception exception) when (exception is RpcException or OperationCanceledException or HttpRequestException)
            {
                // Not acknowledged: it may or may not be there, and the next one is tried.
                await Task.Yield();
            }
        }
    }

    private static async Task GrowsAsync(ConcurrentDictionary<string, string> acknowledged, int by)
    {
        int goal = acknowledged.Count + by;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (acknowledged.Count < goal)
        {
            await timer.WaitForNextTickAsync(limit.Token);
        }
    }
}
