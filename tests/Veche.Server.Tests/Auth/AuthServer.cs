using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging.Abstractions;
using Veche.Api;
using Veche.Server.Options;

namespace Veche.Server.Tests.Auth;

/// <summary>One member with users, over real sockets: root, and alice, who reads and writes keys from a up to c.</summary>
internal sealed class AuthServer : IAsyncDisposable
{
    public const string RootPassword = "root's password";
    public const string AlicePassword = "alice's password";

    private AuthServer(VecheServer server)
    {
        Server = server;
        Channel = GrpcChannel.ForAddress(server.ClientAddresses[0]);
    }

    public VecheServer Server { get; }

    public GrpcChannel Channel { get; }

    public Api.Auth.AuthClient Auth => new(Channel);

    public KV.KVClient Keys => new(Channel);

    /// <summary>In memory, on any port, with elections and hashes that take no time.</summary>
    public static ServerOptions Quick { get; } = new()
    {
        Memory = true,
        ListenClientUrls = [new Uri("http://127.0.0.1:0")],
        ListenPeerUrls = [new Uri("http://127.0.0.1:0")],
        ElectionTimeoutMs = 100,
        HeartbeatIntervalMs = 10,
        BcryptCost = 4,
    };

    public static ByteString B(string text) => ByteString.CopyFromUtf8(text);

    /// <summary>A member without users.</summary>
    public static async Task<AuthServer> StartAsync(ServerOptions? options = null) => new(await VecheServer.StartAsync(options ?? Quick, NullLoggerFactory.Instance));

    /// <summary>A member with users, and authentication on.</summary>
    public static async Task<AuthServer> StartEnabledAsync(ServerOptions? options = null)
    {
        AuthServer server = await StartAsync(options);
        await FillAsync(server.Auth);
        return server;
    }

    public static async Task FillAsync(Api.Auth.AuthClient auth)
    {
        await auth.UserAddAsync(new AuthUserAddRequest { Name = "root", Password = RootPassword });
        await auth.UserGrantRoleAsync(new AuthUserGrantRoleRequest { User = "root", Role = "root" });
        await auth.UserAddAsync(new AuthUserAddRequest { Name = "alice", Password = AlicePassword });
        await auth.RoleAddAsync(new AuthRoleAddRequest { Name = "r" });
        await auth.RoleGrantPermissionAsync(new AuthRoleGrantPermissionRequest { Name = "r", Perm = new Permission { PermType = Permission.Types.Type.Readwrite, Key = B("a"), RangeEnd = B("c") } });
        await auth.UserGrantRoleAsync(new AuthUserGrantRoleRequest { User = "alice", Role = "r" });
        await auth.AuthEnableAsync(new AuthEnableRequest());
    }

    public async Task<string> TokenAsync(string user, string password) => (await Auth.AuthenticateAsync(new AuthenticateRequest { Name = user, Password = password })).Token;

    public async Task<Metadata> RootAsync() => With(await TokenAsync("root", RootPassword));

    public async Task<Metadata> AliceAsync() => With(await TokenAsync("alice", AlicePassword));

    public static Metadata With(string token) => new() { { "token", token } };

    public static async Task<(StatusCode Code, string Text)> RefusedAsync<T>(AsyncUnaryCall<T> call)
    {
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () => await call);
        return (refused.StatusCode, refused.Status.Detail);
    }

    public async ValueTask DisposeAsync()
    {
        Channel.Dispose();
        await Server.DisposeAsync();
    }
}
