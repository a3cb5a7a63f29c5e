using Google.Protobuf;
using Grpc.Core;
using Veche.Api;
using Veche.Server.Tests.Auth;
using static Veche.Server.Tests.Auth.AuthServer;

namespace Veche.Server.Tests;

/// <summary>Codes and texts of refusals, as etcd's clients know them. What needs several members, or authentication turned on, is tested where that is.</summary>
public sealed class ErrorTableTests(ErrorTableTests.Fixture fixture) : IClassFixture<ErrorTableTests.Fixture>
{
    /// <summary>Too large for the whole of a request, and small enough to be read: gRPC itself leaves half a MiB of room.</summary>
    private const int TooLarge = (1536 << 10) + 1;

    private static readonly Dictionary<string, (StatusCode Code, Func<CallInvoker, Task> Call)> Table = new(StringComparer.Ordinal)
    {
        ["etcdserver: key is not provided"] = (StatusCode.InvalidArgument, static on => Keys(on).PutAsync(new PutRequest()).ResponseAsync),
        ["etcdserver: key not found"] = (StatusCode.InvalidArgument, static on => Keys(on).PutAsync(new PutRequest { Key = B("none"), IgnoreValue = true }).ResponseAsync),
        ["etcdserver: value is provided"] = (StatusCode.InvalidArgument, static on => Keys(on).PutAsync(new PutRequest { Key = B("k"), Value = B("v"), IgnoreValue = true }).ResponseAsync),
        ["etcdserver: lease is provided"] = (StatusCode.InvalidArgument, static on => Keys(on).PutAsync(new PutRequest { Key = B("k"), Lease = 1, IgnoreLease = true }).ResponseAsync),
        ["etcdserver: too many operations in txn request"] = (StatusCode.InvalidArgument, static on => Keys(on).TxnAsync(new TxnRequest { Success = { Enumerable.Range(0, 129).Select(static i => Put("k" + i)) } }).ResponseAsync),
        ["etcdserver: duplicate key given in txn request"] = (StatusCode.InvalidArgument, static on => Keys(on).TxnAsync(new TxnRequest { Success = { Put("k"), Put("k") } }).ResponseAsync),
        ["etcdserver: invalid sort option"] = (StatusCode.InvalidArgument, static on => Keys(on).RangeAsync(new RangeRequest { Key = B("k"), SortOrder = (RangeRequest.Types.SortOrder)7 }).ResponseAsync),
        ["etcdserver: request is too large"] = (StatusCode.InvalidArgument, static on => Keys(on).PutAsync(new PutRequest { Key = B("k"), Value = ByteString.CopyFrom(new byte[TooLarge]) }).ResponseAsync),
        ["etcdserver: given member URLs are invalid"] = (StatusCode.InvalidArgument, static on => Members(on).MemberAddAsync(new MemberAddRequest { PeerURLs = { "nonsense" } }).ResponseAsync),
        ["etcdserver: user name is empty"] = (StatusCode.InvalidArgument, static on => Users(on).UserAddAsync(new AuthUserAddRequest { Password = "p" }).ResponseAsync),
        ["etcdserver: role name is empty"] = (StatusCode.InvalidArgument, static on => Users(on).RoleAddAsync(new AuthRoleAddRequest()).ResponseAsync),
        ["etcdserver: permission not given"] = (StatusCode.InvalidArgument, static on => Users(on).RoleGrantPermissionAsync(new AuthRoleGrantPermissionRequest { Name = "r" }).ResponseAsync),
        ["etcdserver: wrong downgrade target version format"] = (StatusCode.InvalidArgument, static on => Maintenance(on).DowngradeAsync(new DowngradeRequest { Version = "x" }).ResponseAsync),
        ["etcdserver: invalid downgrade target version"] = (StatusCode.InvalidArgument, static on => Maintenance(on).DowngradeAsync(new DowngradeRequest { Version = "2.0" }).ResponseAsync),
        ["etcdserver: mvcc: required revision has been compacted"] = (StatusCode.OutOfRange, static on => Keys(on).RangeAsync(new RangeRequest { Key = B("k"), Revision = 1 }).ResponseAsync),
        ["etcdserver: mvcc: required revision is a future revision"] = (StatusCode.OutOfRange, static on => Keys(on).RangeAsync(new RangeRequest { Key = B("k"), Revision = 1000 }).ResponseAsync),
        ["etcdserver: too large lease TTL"] = (StatusCode.OutOfRange, static on => Leases(on).LeaseGrantAsync(new LeaseGrantRequest { TTL = 9_000_000_001 }).ResponseAsync),
        ["etcdserver: requested lease not found"] = (StatusCode.NotFound, static on => Keys(on).PutAsync(new PutRequest { Key = B("k"), Lease = 12345 }).ResponseAsync),
        ["etcdserver: member not found"] = (StatusCode.NotFound, static on => Members(on).MemberRemoveAsync(new MemberRemoveRequest { ID = 1 }).ResponseAsync),
        ["etcdserver: lease already exists"] = (StatusCode.FailedPrecondition, static on => Leases(on).LeaseGrantAsync(new LeaseGrantRequest { ID = Fixture.Lease, TTL = 60 }).ResponseAsync),
        ["etcdserver: re-configuration failed due to not enough started members"] = (StatusCode.FailedPrecondition, static async on => await Members(on).MemberRemoveAsync(new MemberRemoveRequest { ID = await SelfAsync(on) })),
        ["etcdserver: can only promote a learner member"] = (StatusCode.FailedPrecondition, static async on => await Members(on).MemberPromoteAsync(new MemberPromoteRequest { ID = await SelfAsync(on) })),
        ["etcdserver: root user does not exist"] = (StatusCode.FailedPrecondition, static on => Users(on).AuthEnableAsync(new AuthEnableRequest()).ResponseAsync),
        ["etcdserver: user name already exists"] = (StatusCode.FailedPrecondition, static on => Users(on).UserAddAsync(new AuthUserAddRequest { Name = "u", Password = "p" }).ResponseAsync),
        ["etcdserver: user name not found"] = (StatusCode.FailedPrecondition, static on => Users(on).UserGetAsync(new AuthUserGetRequest { Name = "none" }).ResponseAsync),
        ["etcdserver: role name already exists"] = (StatusCode.FailedPrecondition, static on => Users(on).RoleAddAsync(new AuthRoleAddRequest { Name = "r" }).ResponseAsync),
        ["etcdserver: role name not found"] = (StatusCode.FailedPrecondition, static on => Users(on).RoleGetAsync(new AuthRoleGetRequest { Role = "none" }).ResponseAsync),
        ["etcdserver: role is not granted to the user"] = (StatusCode.FailedPrecondition, static on => Users(on).UserRevokeRoleAsync(new AuthUserRevokeRoleRequest { Name = "u", Role = "r" }).ResponseAsync),
        ["etcdserver: permission is not granted to the role"] = (StatusCode.FailedPrecondition, static on => Users(on).RoleRevokePermissionAsync(new AuthRoleRevokePermissionRequest { Role = "r", Key = B("k") }).ResponseAsync),
        ["etcdserver: authentication is not enabled"] = (StatusCode.FailedPrecondition, static on => Users(on).AuthenticateAsync(new AuthenticateRequest { Name = "u", Password = "p" }).ResponseAsync),
        ["etcdserver: bad leader transferee"] = (StatusCode.FailedPrecondition, static on => Maintenance(on).MoveLeaderAsync(new MoveLeaderRequest { TargetID = 1 }).ResponseAsync),
        ["etcdserver: no inflight downgrade job"] = (StatusCode.FailedPrecondition, static on => Maintenance(on).DowngradeAsync(new DowngradeRequest { Action = DowngradeRequest.Types.DowngradeAction.Cancel }).ResponseAsync),
    };

    public static TheoryData<string> Texts => [.. Table.Keys];

    [Theory]
    [MemberData(nameof(Texts))]
    public async Task Refusals_have_etcds_codes_and_texts(string text)
    {
        (StatusCode code, Func<CallInvoker, Task> call) = Table[text];
        RpcException refused = await Assert.ThrowsAsync<RpcException>(() => call(fixture.Server.Channel.CreateCallInvoker()));
        Assert.Equal((code, text), (refused.StatusCode, refused.Status.Detail));
    }

    [Theory]
    [InlineData(Hosting.RefusalReason.NoLeader, StatusCode.Unavailable, "etcdserver: no leader")]
    [InlineData(Hosting.RefusalReason.NotLeader, StatusCode.FailedPrecondition, "etcdserver: not leader")]
    [InlineData(Hosting.RefusalReason.TimedOut, StatusCode.Unavailable, "etcdserver: request timed out")]
    [InlineData(Hosting.RefusalReason.TooBusy, StatusCode.ResourceExhausted, "etcdserver: too many requests")]
    [InlineData(Hosting.RefusalReason.TooLarge, StatusCode.InvalidArgument, "etcdserver: request is too large")]
    [InlineData(Hosting.RefusalReason.NoSpace, StatusCode.ResourceExhausted, "etcdserver: mvcc: database space exceeded")]
    [InlineData(Hosting.RefusalReason.BadTransferee, StatusCode.FailedPrecondition, "etcdserver: bad leader transferee")]
    [InlineData(Hosting.RefusalReason.Stopping, StatusCode.Unavailable, "etcdserver: server stopped")]
    public void So_have_those_of_the_host(Hosting.RefusalReason reason, StatusCode code, string text)
    {
        Status status = Errors.Of(new Hosting.RefusedException(reason, "why")).Status;
        Assert.Equal((code, text), (status.StatusCode, status.Detail));
    }

    /// <summary>Unavailable is what clients try again: only with a text that says that nobody knows may it be said of what may have happened.</summary>
    [Fact]
    public void An_unknown_outcome_is_a_timeout() => Assert.Equal("etcdserver: request timed out", Errors.Of(new Hosting.OutcomeUnknownException("why")).Status.Detail);

    private static KV.KVClient Keys(CallInvoker on) => new(on);

    private static Lease.LeaseClient Leases(CallInvoker on) => new(on);

    private static Cluster.ClusterClient Members(CallInvoker on) => new(on);

    private static Maintenance.MaintenanceClient Maintenance(CallInvoker on) => new(on);

    private static Api.Auth.AuthClient Users(CallInvoker on) => new(on);

    private static RequestOp Put(string key) => new() { RequestPut = new PutRequest { Key = B(key) } };

    private static async Task<ulong> SelfAsync(CallInvoker on) => (await Members(on).MemberListAsync(new MemberListRequest())).Members.Single().ID;

    /// <summary>A member with a little in it. None of the calls changes anything.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        public const long Lease = 77;

        internal AuthServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Server = await StartAsync();
            await Server.Keys.PutAsync(new PutRequest { Key = B("k") });
            await Server.Keys.PutAsync(new PutRequest { Key = B("k") });
            await Server.Keys.CompactAsync(new CompactionRequest { Revision = 3 });
            await new Lease.LeaseClient(Server.Channel).LeaseGrantAsync(new LeaseGrantRequest { ID = Lease, TTL = 60 });
            await Server.Auth.UserAddAsync(new AuthUserAddRequest { Name = "u", Password = "p" });
            await Server.Auth.RoleAddAsync(new AuthRoleAddRequest { Name = "r" });
        }

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }
}
