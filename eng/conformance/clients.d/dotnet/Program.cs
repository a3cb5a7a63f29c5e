// What users of the NuGet package dotnet-etcd do. Prints a line for each check; takes the endpoints, with commas.
using System.Threading.Channels;
using dotnet_etcd;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Mvccpb;

using var client = new EtcdClient(args[0], configureChannelOptions: options => options.Credentials = ChannelCredentials.Insecure);
using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));

static void Check(string name, bool held, object? detail = null) =>
    Console.WriteLine($"{(held ? "passed" : "FAILED")}  {name}{(detail is null ? "" : $": {detail}")}");
static ByteString Bytes(string text) => ByteString.CopyFromUtf8(text);

await client.PutAsync("cs/a", "1");
await client.PutAsync("cs/b", "2");
Check("put and get", await client.GetValAsync("cs/a") == "1" && await client.GetValAsync("cs/none") == "");
Check("get by prefix", (await client.GetRangeValAsync("cs/")) is { Count: 2 } range && range["cs/a"] == "1" && range["cs/b"] == "2");
var atOnce = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => client.PutAsync($"cs/many/{i}", $"{i}")));
Check("a hundred puts at once have a revision each", atOnce.Select(answer => answer.Header.Revision).Distinct().Count() == 100);
Check("delete by prefix", (await client.DeleteRangeAsync("cs/many/")).Deleted == 100);

var txn = new TxnRequest();
txn.Compare.Add(new Compare { Key = Bytes("cs/a"), Target = Compare.Types.CompareTarget.Value, Result = Compare.Types.CompareResult.Equal, Value = Bytes("1") });
txn.Success.Add(new RequestOp { RequestPut = new PutRequest { Key = Bytes("cs/a"), Value = Bytes("10") } });
txn.Failure.Add(new RequestOp { RequestRange = new RangeRequest { Key = Bytes("cs/a") } });
Check("a transaction whose comparison holds", (await client.TransactionAsync(txn)).Succeeded && await client.GetValAsync("cs/a") == "10");
var missed = await client.TransactionAsync(txn);
Check("a transaction whose comparison does not", !missed.Succeeded && missed.Responses[0].ResponseRange.Kvs[0].Value.ToStringUtf8() == "10");

var events = Channel.CreateUnbounded<Event>();
var watch = await client.WatchRangeAsync("cs/w/", (WatchResponse response) => { foreach (var e in response.Events) { events.Writer.TryWrite(e); } });
await client.PutAsync("cs/w/1", "x");
await client.PutAsync("cs/w/2", "y");
await client.DeleteAsync("cs/w/1");
var seen = new List<string>();
for (var i = 0; i < 3; i++)
{
    var e = await events.Reader.ReadAsync(limit.Token);
    seen.Add($"{e.Type} {e.Kv.Key.ToStringUtf8()}");
}

Check("a watch sees puts and deletes in order", seen is ["Put cs/w/1", "Put cs/w/2", "Delete cs/w/1"], string.Join(", ", seen));

var lease = await client.LeaseGrantAsync(new LeaseGrantRequest { TTL = 60 });
await client.PutAsync(new PutRequest { Key = Bytes("cs/w/leased"), Value = Bytes("v"), Lease = lease.ID });
var left = await client.LeaseTimeToLiveAsync(new LeaseTimeToLiveRequest { ID = lease.ID, Keys = true });
Check("a lease knows its time and keys", left.GrantedTTL == 60 && left.TTL is > 0 and <= 60 && left.Keys is [var key] && key.ToStringUtf8() == "cs/w/leased");
await client.LeaseRevokeAsync(new LeaseRevokeRequest { ID = lease.ID });
await events.Reader.ReadAsync(limit.Token);
Check("a revoked lease takes its key along", (await events.Reader.ReadAsync(limit.Token)).Type == Event.Types.EventType.Delete && await client.GetValAsync("cs/w/leased") == "");
var shortLease = await client.LeaseGrantAsync(new LeaseGrantRequest { TTL = 2 });
await client.PutAsync(new PutRequest { Key = Bytes("cs/w/short"), Value = Bytes("v"), Lease = shortLease.ID });
await events.Reader.ReadAsync(limit.Token);
Check("a lease that runs out takes its key along", (await events.Reader.ReadAsync(limit.Token)).Type == Event.Types.EventType.Delete && await client.GetValAsync("cs/w/short") == "");
client.CancelWatch(watch);

var mine = await client.LeaseGrantAsync(new LeaseGrantRequest { TTL = 30 });
var theirs = await client.LeaseGrantAsync(new LeaseGrantRequest { TTL = 30 });
var held = await client.LockAsync("cs/lock", mine.ID);
var waiting = client.LockAsync("cs/lock", theirs.ID);
// The second stands in the queue for certain when its key is there.
while ((await client.GetRangeAsync("cs/lock/")).Count < 2) { limit.Token.ThrowIfCancellationRequested(); }
var early = waiting.IsCompleted;
await client.UnlockAsync(held.Key.ToStringUtf8());
var next = await waiting.WaitAsync(limit.Token);
Check("a lock is held by one and goes to the next", !early && next.Key != held.Key);
await client.UnlockAsync(next.Key.ToStringUtf8());

var first = await client.CampaignAsync("cs/office", mine.ID, "first");
var second = client.CampaignAsync("cs/office", theirs.ID, "second");
while ((await client.GetRangeAsync("cs/office/")).Count < 2) { limit.Token.ThrowIfCancellationRequested(); }
early = second.IsCompleted;
var leader = (await client.LeaderAsync("cs/office")).Kv.Value.ToStringUtf8();
await client.ProclaimAsync(first.Leader, "first again");
var again = (await client.LeaderAsync("cs/office")).Kv.Value.ToStringUtf8();
await client.ResignAsync(first.Leader);
await second.WaitAsync(limit.Token);
var last = (await client.LeaderAsync("cs/office")).Kv.Value.ToStringUtf8();
Check("an election: the first leads, proclaims, resigns, and the second leads", !early && (leader, again, last) == ("first", "first again", "second"), $"{leader}, {again}, {last}");
await client.LeaseRevokeAsync(new LeaseRevokeRequest { ID = mine.ID });
await client.LeaseRevokeAsync(new LeaseRevokeRequest { ID = theirs.ID });

var members = await client.MemberListAsync(new MemberListRequest());
Check("members are listed", members.Members.Select(member => member.Name).Order().SequenceEqual(["m1", "m2", "m3"]));
var status = await client.StatusAsync(new StatusRequest());
Check("status names the leader", members.Members.Any(member => member.ID == status.Leader), status.Version);
try
{
    await client.LeaseRevokeAsync(new LeaseRevokeRequest { ID = 4711 });
    Check("an unknown lease is an error with etcd's text", false);
}
catch (RpcException error)
{
    Check("an unknown lease is an error with etcd's text", error.StatusCode == StatusCode.NotFound && error.Status.Detail == "etcdserver: requested lease not found", error.Status.Detail);
}

await client.DeleteRangeAsync("cs/");
