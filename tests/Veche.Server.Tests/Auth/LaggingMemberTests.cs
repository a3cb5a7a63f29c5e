using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using static Veche.Server.Tests.Auth.AuthServer;

namespace Veche.Server.Tests.Auth;

/// <summary>
/// What was acknowledged anywhere before a call counts for the call, at a member that has not heard of it too: authentication that was turned on, a role that was
/// taken away. Nothing may be done, or be begun, by permissions that are over.
/// </summary>
public sealed class LaggingMemberTests : IDisposable
{
    private const long Lease = 7;
    private const string Hash = "aGFzaA==";
    private static readonly (StatusCode, string) NoUser = (StatusCode.InvalidArgument, "etcdserver: user name is empty");
    private static readonly (StatusCode, string) Denied = (StatusCode.PermissionDenied, "etcdserver: permission denied");

    private readonly LaggingMember _member = new();

    public LaggingMemberTests()
    {
        foreach (AuthCommand command in (AuthCommand[])
        [
            new() { UserAdd = new AuthUserAddRequest { Name = "root", HashedPassword = Hash } },
            new() { UserGrantRole = new AuthUserGrantRoleRequest { User = "root", Role = "root" } },
            new() { UserAdd = new AuthUserAddRequest { Name = "alice", HashedPassword = Hash } },
            new() { RoleAdd = new AuthRoleAddRequest { Name = "r" } },
            new() { RoleGrantPermission = new AuthRoleGrantPermissionRequest { Name = "r", Perm = new Permission { PermType = Permission.Types.Type.Readwrite, Key = B("a") } } },
            new() { UserGrantRole = new AuthUserGrantRoleRequest { User = "alice", Role = "r" } },
        ])
        {
            _member.Acknowledge(command);
        }

        _member.CatchUp();
        _member.Apply(new Command { LeaseGrant = new LeaseGrantRequest { ID = Lease, TTL = LaggingMember.TtlSeconds } });
        _member.Apply(new Command { Put = new PutRequest { Key = B("a"), Lease = Lease } });
    }

    private static AuthCommand Enable => new() { Enable = new AuthEnableRequest() };

    private static AuthCommand TakeAliceHerRole => new() { UserRevokeRole = new AuthUserRevokeRoleRequest { Name = "alice", Role = "r" } };

    public void Dispose() => _member.Dispose();

    [Fact]
    public async Task A_watch_is_not_begun_by_nobody_once_authentication_is_on()
    {
        _member.Acknowledge(Enable);
        WatchResponse answer = await _member.WatchAsync(new WatchCreateRequest { Key = B("a") });
        Assert.Equal((true, -1L, "rpc error: code = InvalidArgument desc = etcdserver: user name is empty"), (answer.Canceled, answer.WatchId, answer.CancelReason));
    }

    [Fact]
    public async Task A_watch_is_not_begun_by_a_role_that_was_taken_away()
    {
        Metadata alice = LogIn("alice");
        Assert.False((await _member.WatchAsync(new WatchCreateRequest { Key = B("a") }, alice)).Canceled);
        _member.Acknowledge(TakeAliceHerRole);
        Assert.True((await _member.WatchAsync(new WatchCreateRequest { Key = B("a") }, alice)).Canceled);
    }

    [Fact]
    public async Task A_watch_of_a_token_that_was_given_elsewhere_begins()
    {
        LogIn("root");
        _member.Acknowledge(Issue("alice", _member.Store.Auth.Revision));
        Assert.False((await _member.WatchAsync(new WatchCreateRequest { Key = B("a") }, With($"random.{_member.Status.AppliedIndex + 1}"))).Canceled);
    }

    [Fact]
    public async Task A_lease_is_not_kept_by_a_role_that_was_taken_away()
    {
        Metadata alice = LogIn("alice");
        _member.Acknowledge(TakeAliceHerRole);
        Assert.Equal(Denied, await LaggingMember.RefusedAsync(() => _member.KeepAliveAsync(Lease, alice)));
        Assert.False(_member.IsRenewed(Lease));
    }

    [Fact]
    public async Task A_lease_is_not_kept_by_who_may_no_longer_write_its_keys()
    {
        Metadata alice = LogIn("alice");
        _member.Acknowledge(new AuthCommand { RoleRevokePermission = new AuthRoleRevokePermissionRequest { Role = "r", Key = B("a") } });
        Assert.Equal(Denied, await LaggingMember.RefusedAsync(() => _member.KeepAliveAsync(Lease, alice)));
        Assert.False(_member.IsRenewed(Lease));
    }

    [Fact]
    public async Task A_lease_is_kept_by_who_may()
    {
        Metadata alice = LogIn("alice");
        Assert.Equal(LaggingMember.TtlSeconds, await _member.KeepAliveAsync(Lease, alice));
        Assert.True(_member.IsRenewed(Lease));
    }

    [Fact]
    public async Task Nobody_is_told_that_a_lease_was_kept_once_authentication_is_on()
    {
        _member.Acknowledge(Enable);
        Assert.Equal(NoUser, await LaggingMember.RefusedAsync(() => _member.KeepAliveAsync(Lease)));
    }

    [Theory]
    [InlineData("/etcdserverpb.Cluster/MemberAdd")]
    [InlineData("/etcdserverpb.Cluster/MemberRemove")]
    [InlineData("/etcdserverpb.Cluster/MemberUpdate")]
    [InlineData("/etcdserverpb.Cluster/MemberPromote")]
    [InlineData("/etcdserverpb.Maintenance/MoveLeader")]
    [InlineData("/etcdserverpb.Maintenance/Downgrade")]
    [InlineData("/etcdserverpb.KV/SomethingOfALaterVersion")]
    public async Task Administration_is_not_for_nobody_once_authentication_is_on(string method)
    {
        await _member.AdmitAsync(method);
        _member.Acknowledge(Enable);
        Assert.Equal(NoUser, await LaggingMember.RefusedAsync(() => _member.AdmitAsync(method)));
    }

    [Fact]
    public async Task Administration_is_not_for_who_was_an_administrator()
    {
        _member.Acknowledge(new AuthCommand { UserGrantRole = new AuthUserGrantRoleRequest { User = "alice", Role = "root" } });
        Metadata alice = LogIn("alice");
        await _member.AdmitAsync("/etcdserverpb.Cluster/MemberAdd", alice);
        _member.Acknowledge(new AuthCommand { UserRevokeRole = new AuthUserRevokeRoleRequest { Name = "alice", Role = "root" } });
        Assert.Equal(Denied, await LaggingMember.RefusedAsync(() => _member.AdmitAsync("/etcdserverpb.Cluster/MemberAdd", alice)));
    }

    [Fact]
    public async Task Nobody_compacts_once_authentication_is_on()
    {
        _member.Acknowledge(Enable);
        Assert.Equal(NoUser, await LaggingMember.RefusedAsync(() => _member.CallAsync("/etcdserverpb.KV/Compact", new CompactionRequest { Revision = 2 }, _member.Keys.Compact)));
        Assert.Equal(0, _member.Store.CompactRevision);
    }

    [Theory]
    [InlineData(AlarmRequest.Types.AlarmAction.Activate)]
    [InlineData(AlarmRequest.Types.AlarmAction.Deactivate)]
    public async Task Nobody_raises_or_clears_alarms_once_authentication_is_on(AlarmRequest.Types.AlarmAction action)
    {
        _member.Acknowledge(Enable);
        var request = new AlarmRequest { Action = action, Alarm = AlarmType.Nospace, MemberID = 1 };
        Assert.Equal(NoUser, await LaggingMember.RefusedAsync(() => _member.CallAsync("/etcdserverpb.Maintenance/Alarm", request, _member.Maintenance.Alarm)));
        Assert.Empty(_member.Store.Alarms);
    }

    [Fact]
    public async Task What_was_let_in_before_is_judged_again_before_data_is_handed_out()
    {
        ServerCallContext hash = await _member.AdmitAsync("/etcdserverpb.Maintenance/HashKV");
        _member.Acknowledge(Enable);
        _member.CatchUp();
        Assert.Equal(NoUser, await LaggingMember.RefusedAsync(() => _member.Maintenance.HashKV(new HashKVRequest(), hash)));
        Assert.Equal(NoUser, await LaggingMember.RefusedAsync(() => _member.Maintenance.Hash(new HashRequest(), hash)));
        Assert.Equal(NoUser, await LaggingMember.RefusedAsync(() => _member.Maintenance.Snapshot(new SnapshotRequest(), new Nowhere(), hash)));
    }

    [Theory]
    [InlineData(5000, false)]
    [InlineData(5001, true)]
    public async Task Writes_are_refused_while_too_many_wait_to_be_applied(long unapplied, bool isRefused)
    {
        _member.Unapplied = unapplied;
        Task<PutResponse> put = _member.CallAsync("/etcdserverpb.KV/Put", new PutRequest { Key = B("b") }, _member.Keys.Put);
        Assert.Equal(isRefused ? (StatusCode.ResourceExhausted, "etcdserver: too many requests") : (StatusCode.OK, string.Empty), await OutcomeAsync(put));
        _member.Unapplied = 0;
        await _member.CallAsync("/etcdserverpb.KV/Put", new PutRequest { Key = B("b") }, _member.Keys.Put);

        static async Task<(StatusCode, string)> OutcomeAsync(Task call)
        {
            try
            {
                await call;
                return (StatusCode.OK, string.Empty);
            }
            catch (RpcException refused)
            {
                return (refused.StatusCode, refused.Status.Detail);
            }
        }
    }

    private static AuthCommand Issue(string user, ulong revision) => new() { IssueToken = new IssueToken { User = user, RandomPart = "random", CheckedRevision = revision } };

    /// <summary>Turns authentication on when it is not, and gives a user a token, all of which arrives here at once.</summary>
    private Metadata LogIn(string user)
    {
        if (!_member.Store.Auth.IsEnabled)
        {
            _member.Acknowledge(Enable);
        }

        _member.CatchUp();
        return With(((AuthenticateResponse)_member.Apply(new Command { Auth = Issue(user, _member.Store.Auth.Revision) })).Token);
    }

    private sealed class Nowhere : IServerStreamWriter<SnapshotResponse>
    {
        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(SnapshotResponse message) => throw new InvalidOperationException("data was handed out");
    }
}
