using Grpc.Core;
using Veche.Api;
using static Veche.Server.Tests.Auth.AuthServer;

namespace Veche.Server.Tests.Auth;

/// <summary>Logging in, and what may be done then.</summary>
public sealed class AuthServerTests
{
    private static readonly (StatusCode, string) Denied = (StatusCode.PermissionDenied, "etcdserver: permission denied");
    private static readonly (StatusCode, string) BadToken = (StatusCode.Unauthenticated, "etcdserver: invalid auth token");
    private static readonly (StatusCode, string) WrongPassword = (StatusCode.InvalidArgument, "etcdserver: authentication failed, invalid user ID or password");

    [Fact]
    public async Task Who_logs_in_may_what_the_roles_allow()
    {
        await using AuthServer server = await StartEnabledAsync();
        Metadata alice = await server.AliceAsync();
        Metadata root = await server.RootAsync();
        await server.Keys.PutAsync(new PutRequest { Key = B("b"), Value = B("1") }, alice);
        Assert.Equal("1", (await server.Keys.RangeAsync(new RangeRequest { Key = B("a"), RangeEnd = B("c") }, alice)).Kvs.Single().Value.ToStringUtf8());
        Assert.Equal("1", (await server.Keys.RangeAsync(new RangeRequest { Key = B("b"), Serializable = true }, alice)).Kvs.Single().Value.ToStringUtf8());
        Assert.Equal(Denied, await RefusedAsync(server.Keys.PutAsync(new PutRequest { Key = B("c") }, alice)));
        Assert.Equal(Denied, await RefusedAsync(server.Keys.RangeAsync(new RangeRequest { Key = B("a"), RangeEnd = B("\0") }, alice)));
        Assert.Equal(Denied, await RefusedAsync(server.Keys.RangeAsync(new RangeRequest { Key = B("c"), Serializable = true }, alice)));
        Assert.Equal(Denied, await RefusedAsync(server.Keys.TxnAsync(new TxnRequest { Compare = { new Compare { Key = B("z") } } }, alice)));
        Assert.Equal(Denied, await RefusedAsync(server.Keys.CompactAsync(new CompactionRequest { Revision = 1 }, alice)));
        await server.Keys.PutAsync(new PutRequest { Key = B("z") }, root);
        await server.Keys.CompactAsync(new CompactionRequest { Revision = 2 }, root);

        // The other name that tokens come under, with and without the word that the standard wants before them.
        string token = alice.GetValue("token")!;
        await server.Keys.RangeAsync(new RangeRequest { Key = B("b") }, new Metadata { { "authorization", token } });
        await server.Keys.RangeAsync(new RangeRequest { Key = B("b") }, new Metadata { { "authorization", "Bearer " + token } });
    }

    [Fact]
    public async Task Who_does_not_know_the_password_gets_no_token()
    {
        await using AuthServer server = await StartAsync();
        Assert.Equal((StatusCode.FailedPrecondition, "etcdserver: authentication is not enabled"), await RefusedAsync(LogIn("root", RootPassword)));
        await FillAsync(server.Auth);
        await server.Auth.UserAddAsync(new AuthUserAddRequest { Name = "cert", Options = new UserAddOptions { NoPassword = true } }, await server.RootAsync());
        await server.Auth.UserAddAsync(new AuthUserAddRequest { Name = "empty" }, await server.RootAsync());
        Assert.Equal(WrongPassword, await RefusedAsync(LogIn("alice", "wrong")));
        Assert.Equal(WrongPassword, await RefusedAsync(LogIn("alice", string.Empty)));
        Assert.Equal(WrongPassword, await RefusedAsync(LogIn("stranger", RootPassword)));
        Assert.Equal(WrongPassword, await RefusedAsync(LogIn("stranger", string.Empty)));
        Assert.Equal(WrongPassword, await RefusedAsync(LogIn(string.Empty, string.Empty)));
        Assert.Equal(WrongPassword, await RefusedAsync(LogIn("alice", new string('x', 200))));
        Assert.Equal((StatusCode.Unknown, "auth: authentication failed, password was given for no password user"), await RefusedAsync(LogIn("cert", string.Empty)));
        Assert.NotEmpty((await LogIn("empty", string.Empty)).Token);

        AsyncUnaryCall<AuthenticateResponse> LogIn(string user, string password) => server.Auth.AuthenticateAsync(new AuthenticateRequest { Name = user, Password = password });
    }

    [Fact]
    public async Task A_password_that_bcrypt_would_cut_off_is_refused()
    {
        await using AuthServer server = await StartAsync();
        (StatusCode, string) tooLong = (StatusCode.Unknown, "bcrypt: password length exceeds 72 bytes");
        Assert.Equal(tooLong, await RefusedAsync(server.Auth.UserAddAsync(new AuthUserAddRequest { Name = "u", Password = new string('x', 73) })));
        await server.Auth.UserAddAsync(new AuthUserAddRequest { Name = "u", Password = new string('x', 72) });
        Assert.Equal(tooLong, await RefusedAsync(server.Auth.UserChangePasswordAsync(new AuthUserChangePasswordRequest { Name = "u", Password = new string('ж', 37) })));
    }

    [Fact]
    public async Task A_new_password_ends_the_old_one_and_its_tokens()
    {
        await using AuthServer server = await StartEnabledAsync();
        Metadata alice = await server.AliceAsync();
        Metadata root = await server.RootAsync();
        await server.Auth.UserChangePasswordAsync(new AuthUserChangePasswordRequest { Name = "alice", Password = "new" }, root);
        Assert.Equal(BadToken, await RefusedAsync(server.Keys.RangeAsync(new RangeRequest { Key = B("a") }, alice)));
        Assert.Equal(WrongPassword, await RefusedAsync(server.Auth.AuthenticateAsync(new AuthenticateRequest { Name = "alice", Password = AlicePassword })));
        alice = With(await server.TokenAsync("alice", "new"));
        await server.Keys.RangeAsync(new RangeRequest { Key = B("a") }, alice);

        // Other users' tokens stand, whatever else changes.
        await server.Keys.RangeAsync(new RangeRequest { Key = B("a") }, root);
        await server.Auth.UserDeleteAsync(new AuthUserDeleteRequest { Name = "alice" }, root);
        Assert.Equal(BadToken, await RefusedAsync(server.Keys.RangeAsync(new RangeRequest { Key = B("a") }, alice)));
        await server.Auth.AuthDisableAsync(new AuthDisableRequest(), root);
        await server.Keys.RangeAsync(new RangeRequest { Key = B("a") });
        await server.Auth.AuthEnableAsync(new AuthEnableRequest());
        Assert.Equal(BadToken, await RefusedAsync(server.Keys.RangeAsync(new RangeRequest { Key = B("a") }, root)));
    }

    [Fact]
    public async Task Users_and_roles_are_for_administrators_and_each_for_itself()
    {
        await using AuthServer server = await StartEnabledAsync();
        Metadata alice = await server.AliceAsync();
        Metadata root = await server.RootAsync();
        Assert.Equal(["r"], (await server.Auth.UserGetAsync(new AuthUserGetRequest { Name = "alice" }, alice)).Roles);
        Assert.Equal(Denied, await RefusedAsync(server.Auth.UserGetAsync(new AuthUserGetRequest { Name = "root" }, alice)));
        Assert.Single((await server.Auth.RoleGetAsync(new AuthRoleGetRequest { Role = "r" }, alice)).Perm);
        Assert.Equal(Denied, await RefusedAsync(server.Auth.RoleGetAsync(new AuthRoleGetRequest { Role = "root" }, alice)));
        Assert.Equal(Denied, await RefusedAsync(server.Auth.UserListAsync(new AuthUserListRequest(), alice)));
        Assert.Equal(["alice", "root"], (await server.Auth.UserListAsync(new AuthUserListRequest(), root)).Users);
        Assert.Equal(["r"], (await server.Auth.RoleListAsync(new AuthRoleListRequest(), root)).Roles);
        Assert.Equal((StatusCode.FailedPrecondition, "etcdserver: user name not found"), await RefusedAsync(server.Auth.UserGetAsync(new AuthUserGetRequest { Name = "stranger" }, root)));
        Assert.Equal((StatusCode.FailedPrecondition, "etcdserver: role name not found"), await RefusedAsync(server.Auth.RoleGetAsync(new AuthRoleGetRequest { Role = "strange" }, root)));
        AuthStatusResponse status = await server.Auth.AuthStatusAsync(new AuthStatusRequest());
        Assert.Equal((true, 7UL), (status.Enabled, status.AuthRevision));
    }

    [Fact]
    public async Task Leases_are_judged_by_their_keys()
    {
        await using AuthServer server = await StartEnabledAsync();
        Metadata alice = await server.AliceAsync();
        Metadata root = await server.RootAsync();
        var leases = new Lease.LeaseClient(server.Channel);
        long own = (await leases.LeaseGrantAsync(new LeaseGrantRequest { TTL = 100 }, alice)).ID;
        long others = (await leases.LeaseGrantAsync(new LeaseGrantRequest { TTL = 100 }, root)).ID;
        await server.Keys.PutAsync(new PutRequest { Key = B("a"), Lease = own }, alice);
        await server.Keys.PutAsync(new PutRequest { Key = B("secret"), Lease = others }, root);

        Assert.Equal("a", (await leases.LeaseTimeToLiveAsync(new LeaseTimeToLiveRequest { ID = own, Keys = true }, alice)).Keys.Single().ToStringUtf8());
        Assert.Equal(Denied, await RefusedAsync(leases.LeaseTimeToLiveAsync(new LeaseTimeToLiveRequest { ID = others, Keys = true }, alice)));
        Assert.True((await leases.LeaseTimeToLiveAsync(new LeaseTimeToLiveRequest { ID = others }, alice)).TTL > 0);
        Assert.Equal(Denied, await RefusedAsync(leases.LeaseLeasesAsync(new LeaseLeasesRequest(), alice)));
        Assert.Equal(2, (await leases.LeaseLeasesAsync(new LeaseLeasesRequest(), root)).Leases.Count);
        Assert.Equal(100, await KeepAliveAsync(own, alice));
        Assert.Equal(Denied, await RefusedKeepAliveAsync(others, alice));
        Assert.Equal(100, await KeepAliveAsync(others, root));
        Assert.Equal(Denied, await RefusedAsync(server.Keys.PutAsync(new PutRequest { Key = B("a"), Lease = others }, alice)));
        Assert.Equal(Denied, await RefusedAsync(leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = others }, alice)));
        await leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = own }, alice);
        await leases.LeaseRevokeAsync(new LeaseRevokeRequest { ID = others }, root);

        async Task<long> KeepAliveAsync(long id, Metadata headers)
        {
            using AsyncDuplexStreamingCall<LeaseKeepAliveRequest, LeaseKeepAliveResponse> call = leases.LeaseKeepAlive(headers);
            await call.RequestStream.WriteAsync(new LeaseKeepAliveRequest { ID = id });
            Assert.True(await call.ResponseStream.MoveNext(default));
            return call.ResponseStream.Current.TTL;
        }

        async Task<(StatusCode, string)> RefusedKeepAliveAsync(long id, Metadata headers)
        {
            RpcException refused = await Assert.ThrowsAsync<RpcException>(() => KeepAliveAsync(id, headers));
            return (refused.StatusCode, refused.Status.Detail);
        }
    }

    [Fact]
    public async Task A_lease_that_runs_out_takes_its_keys_with_it_though_nobody_asks()
    {
        await using AuthServer server = await StartEnabledAsync();
        Metadata root = await server.RootAsync();
        long lease = (await new Lease.LeaseClient(server.Channel).LeaseGrantAsync(new LeaseGrantRequest { TTL = 1 }, root)).ID;
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> watch = new Watch.WatchClient(server.Channel).Watch(root);
        await watch.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = B("e") } });
        Assert.True(await watch.ResponseStream.MoveNext(default));
        await server.Keys.PutAsync(new PutRequest { Key = B("e"), Lease = lease }, root);
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal(Event.Types.EventType.Delete, watch.ResponseStream.Current.Events.Single().Type);
    }

    [Fact]
    public async Task On_one_stream_each_watch_is_judged_by_itself()
    {
        await using AuthServer server = await StartEnabledAsync();
        Metadata alice = await server.AliceAsync();
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> watch = new Watch.WatchClient(server.Channel).Watch(alice);
        Assert.Equal("rpc error: code = PermissionDenied desc = etcdserver: permission denied", (await CreateAsync("c")).CancelReason);
        Assert.False((await CreateAsync("a")).Canceled);
        await server.Keys.PutAsync(new PutRequest { Key = B("a") }, alice);
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Single(watch.ResponseStream.Current.Events);

        // The token ends, and with it what it could begin.
        await server.Auth.UserChangePasswordAsync(new AuthUserChangePasswordRequest { Name = "alice", Password = "new" }, await server.RootAsync());
        Assert.Equal("rpc error: code = Unauthenticated desc = etcdserver: invalid auth token", (await CreateAsync("a")).CancelReason);

        async Task<WatchResponse> CreateAsync(string key)
        {
            await watch.RequestStream.WriteAsync(new WatchRequest { CreateRequest = new WatchCreateRequest { Key = B(key) } });
            Assert.True(await watch.ResponseStream.MoveNext(default));
            return watch.ResponseStream.Current;
        }
    }
}
