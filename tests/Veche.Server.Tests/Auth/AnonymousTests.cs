using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Veche.Api;
using Veche.Server.Auth;
using Veche.Server.Gateway;

namespace Veche.Server.Tests.Auth;

/// <summary>Every method of every service there is, called by nobody, by somebody with a bad token, and by a user who may nothing.</summary>
public sealed class AnonymousTests(AnonymousTests.Fixture fixture) : IClassFixture<AnonymousTests.Fixture>
{
    /// <summary>What etcd answers without a user: nothing that tells or changes anything.</summary>
    private static readonly string[] Open = ["etcdserverpb.Auth/Authenticate", "etcdserverpb.Auth/AuthStatus"];

    /// <summary>What a user may call who has no role: none of it tells of keys, and the rest is refused by what it would do.</summary>
    private static readonly string[] OpenToUsers =
    [
        "etcdserverpb.Cluster/MemberList", "etcdserverpb.Maintenance/Status", "etcdserverpb.Maintenance/Alarm", "etcdserverpb.Lease/LeaseGrant", "etcdserverpb.Lease/LeaseRevoke",
        "etcdserverpb.Lease/LeaseTimeToLive", "etcdserverpb.Lease/LeaseLeases", "etcdserverpb.Lease/LeaseKeepAlive", "etcdserverpb.KV/Txn",

        // A session is its owner's, an outcome is asked about with a token, and members are told of as in MemberList.
        "veche.v1.Sessions/Open", "veche.v1.Sessions/Close", "veche.v1.Outcomes/Ask", "veche.v1.Members/Describe",
    ];

    private readonly AuthServer _server = fixture.Server;

    public static TheoryData<string> Methods => [.. All().Select(static method => $"{method.Service.FullName}/{method.Name}")];

    [Fact]
    public void There_are_as_many_methods_as_etcd_has_and_our_own() =>
        Assert.Equal(
            [("etcdserverpb.Auth", 17), ("etcdserverpb.Cluster", 5), ("etcdserverpb.KV", 5), ("etcdserverpb.Lease", 5), ("etcdserverpb.Maintenance", 8), ("etcdserverpb.Watch", 1), ("v3electionpb.Election", 5), ("v3lockpb.Lock", 2), ("veche.v1.Members", 3), ("veche.v1.Outcomes", 1), ("veche.v1.Sessions", 2)],
            All().GroupBy(static method => method.Service.FullName).Select(static service => (service.Key, service.Count(static method => method.Name != "RangeStream"))).Order());

    /// <summary>What has no rule of its own is for administrators. A new method must be put here, or into the rules, by somebody who thought about it.</summary>
    [Fact]
    public void Every_method_has_a_rule_or_is_known_to_be_for_administrators() =>
        Assert.Equal(
            [
                "/etcdserverpb.Cluster/MemberAdd", "/etcdserverpb.Cluster/MemberPromote", "/etcdserverpb.Cluster/MemberRemove", "/etcdserverpb.Cluster/MemberUpdate",
                "/etcdserverpb.Maintenance/Downgrade", "/etcdserverpb.Maintenance/MoveLeader", "/veche.v1.Members/AddWitness", "/veche.v1.Members/Tune",
            ],
            All().Select(static method => $"/{method.Service.FullName}/{method.Name}").Except(AccessRules.Named).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task Nobody_is_refused(string method)
    {
        (StatusCode code, string text) = await CallAsync(method, []);
        if (Open.Contains(method))
        {
            Assert.NotEqual("etcdserver: user name is empty", text);
            Assert.NotEqual(StatusCode.Unimplemented, code);
        }
        else if (!IsAbsent(code, text))
        {
            Assert.Equal((StatusCode.InvalidArgument, "etcdserver: user name is empty"), (code, text));
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_token_that_was_made_up_is_refused(string method)
    {
        foreach (string name in (string[])["token", "authorization"])
        {
            foreach (string token in (string[])["nonsense", "nonsense.1", "nonsense.999999999", "Bearer nonsense.2", "eyJhbGciOiJub25lIn0.eyJ1c2VybmFtZSI6InJvb3QiLCJyZXZpc2lvbiI6OX0."])
            {
                (StatusCode code, string text) = await CallAsync(method, new Metadata { { name, token } });
                if (Open.Contains(method))
                {
                    // A client with an old token must be able to log in anew.
                    Assert.NotEqual(StatusCode.Unauthenticated, code);
                }
                else if (!IsAbsent(code, text))
                {
                    Assert.Equal((StatusCode.Unauthenticated, "etcdserver: invalid auth token"), (code, text));
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(Methods))]
    public async Task A_user_without_roles_may_next_to_nothing(string method)
    {
        (StatusCode code, string text) = await CallAsync(method, AuthServer.With(await _server.TokenAsync("new", "new")));
        if (!Open.Contains(method) && !OpenToUsers.Contains(method) && !IsAbsent(code, text))
        {
            Assert.Equal((StatusCode.PermissionDenied, "etcdserver: permission denied"), (code, text));
        }
    }

    public static TheoryData<string, string> Paths => [.. GatewayRoutes.Paths];

    /// <summary>What streams over gRPC alone, and what etcd does not have, has no path; the rest is served as JSON, and behind the same gate.</summary>
    [Fact]
    public void Every_method_of_etcd_has_a_path() =>
        Assert.Equal(["/etcdserverpb.KV/RangeStream"], All().Where(static method => !method.Service.FullName.StartsWith("veche.", StringComparison.Ordinal)).Select(static method => $"/{method.Service.FullName}/{method.Name}").Append("/etcdserverpb.KV/RangeStream").Distinct().Except(GatewayRoutes.Paths.Select(static path => path.Method)));

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Nobody_is_refused_as_JSON(string path, string method)
    {
        string json = Sensible(method[1..]) is { } request ? JsonFormatter.Default.Format(request) : "{}";
        foreach (string? token in (string?[])[null, "nonsense.1"])
        {
            string answer = await PostAsync("/v3" + path, json, token);
            string refusal = token is null ? "etcdserver: user name is empty" : "etcdserver: invalid auth token";
            Assert.Equal(!Open.Contains(method[1..]), answer.Contains(refusal, StringComparison.Ordinal));
        }
    }

    /// <summary>The first line of an answer: a watch that is refused stays open.</summary>
    private async Task<string> PostAsync(string path, string json, string? token)
    {
        using var http = new HttpClient { BaseAddress = new Uri(_server.Server.ClientAddresses[0]), Timeout = TimeSpan.FromSeconds(20) };
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json) };
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", token);
        }

        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.NotEqual(System.Net.HttpStatusCode.NotFound, response.StatusCode);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        return await reader.ReadLineAsync() ?? string.Empty;
    }

    /// <summary>The server does not have the service at all.</summary>
    private static bool IsAbsent(StatusCode code, string text) => code == StatusCode.Unimplemented && text is "Service is unimplemented." or "Method is unimplemented.";

    private static IEnumerable<MethodDescriptor> All() => typeof(KV).Assembly.GetTypes()
        .Select(static type => type.GetProperty("Descriptor")?.GetMethod is { IsStatic: true } getter && getter.ReturnType == typeof(ServiceDescriptor) ? (ServiceDescriptor)getter.Invoke(null, null)! : null)
        .OfType<ServiceDescriptor>()
        .SelectMany(static service => service.Methods);

    /// <summary>A request that would do something, where an empty one would not even be looked at.</summary>
    private static IMessage? Sensible(string method) => method switch
    {
        "etcdserverpb.KV/Range" or "etcdserverpb.KV/RangeStream" => new RangeRequest { Key = AuthServer.B("secret") },
        "etcdserverpb.KV/Put" => new PutRequest { Key = AuthServer.B("secret") },
        "etcdserverpb.KV/DeleteRange" => new DeleteRangeRequest { Key = AuthServer.B("secret") },
        "etcdserverpb.KV/Compact" => new CompactionRequest { Revision = 1 },
        "etcdserverpb.Lease/LeaseGrant" => new LeaseGrantRequest { TTL = 10 },
        "etcdserverpb.Lease/LeaseTimeToLive" => new LeaseTimeToLiveRequest { ID = 1, Keys = true },
        "etcdserverpb.Lease/LeaseKeepAlive" => new LeaseKeepAliveRequest { ID = 1 },
        "etcdserverpb.Watch/Watch" => new WatchRequest { CreateRequest = new WatchCreateRequest { Key = AuthServer.B("secret") } },
        "etcdserverpb.Auth/UserGet" => new AuthUserGetRequest { Name = "root" },
        "etcdserverpb.Auth/RoleGet" => new AuthRoleGetRequest { Role = "r" },
        "v3electionpb.Election/Campaign" => new CampaignRequest { Name = AuthServer.B("secret"), Lease = 1 },
        "v3electionpb.Election/Proclaim" => new ProclaimRequest { Leader = new LeaderKey { Name = AuthServer.B("secret"), Key = AuthServer.B("secret/1"), Rev = 1, Lease = 1 } },
        "v3electionpb.Election/Leader" or "v3electionpb.Election/Observe" => new LeaderRequest { Name = AuthServer.B("secret") },
        "v3electionpb.Election/Resign" => new ResignRequest { Leader = new LeaderKey { Name = AuthServer.B("secret"), Key = AuthServer.B("secret/1"), Rev = 1, Lease = 1 } },
        "v3lockpb.Lock/Lock" => new LockRequest { Name = AuthServer.B("secret"), Lease = 1 },
        "v3lockpb.Lock/Unlock" => new UnlockRequest { Key = AuthServer.B("secret/1") },
        _ => null,
    };

    /// <summary>Calls a method by its name, and says how it ended; a watch that is refused counts as what its reason says.</summary>
    private async Task<(StatusCode Code, string Text)> CallAsync(string name, Metadata headers)
    {
        MethodDescriptor method = All().Single(method => $"{method.Service.FullName}/{method.Name}" == name);
        byte[] request = Sensible(name)?.ToByteArray() ?? [];
        Marshaller<byte[]> bytes = Marshallers.Create(static message => message, static message => message);
        MethodType type = (method.IsClientStreaming, method.IsServerStreaming) switch { (true, _) => MethodType.DuplexStreaming, (_, true) => MethodType.ServerStreaming, _ => MethodType.Unary };
        var raw = new Method<byte[], byte[]>(type, method.Service.FullName, method.Name, bytes, bytes);
        CallInvoker invoker = _server.Channel.CreateCallInvoker();
        var options = new CallOptions(headers, DateTime.UtcNow.AddSeconds(20));
        try
        {
            byte[]? first = null;
            switch (type)
            {
                case MethodType.Unary:
                    await invoker.AsyncUnaryCall(raw, null, options, request);
                    break;
                case MethodType.ServerStreaming:
                    using (AsyncServerStreamingCall<byte[]> call = invoker.AsyncServerStreamingCall(raw, null, options, request))
                    {
                        await call.ResponseStream.MoveNext(default);
                    }

                    break;
                default:
                    using (AsyncDuplexStreamingCall<byte[], byte[]> call = invoker.AsyncDuplexStreamingCall(raw, null, options))
                    {
                        await call.RequestStream.WriteAsync(request);
                        first = await call.ResponseStream.MoveNext(default) ? call.ResponseStream.Current : null;
                    }

                    break;
            }

            return name == "etcdserverpb.Watch/Watch" ? Reason(WatchResponse.Parser.ParseFrom(first)) : (StatusCode.OK, string.Empty);
        }
        catch (RpcException exception)
        {
            return (exception.StatusCode, exception.Status.Detail);
        }
    }

    private static (StatusCode Code, string Text) Reason(WatchResponse response)
    {
        if (!response.Canceled)
        {
            return (StatusCode.OK, string.Empty);
        }

        Assert.Equal(-1, response.WatchId);
        string[] parts = response.CancelReason.Split(["rpc error: code = ", " desc = "], StringSplitOptions.RemoveEmptyEntries);
        return (Enum.Parse<StatusCode>(parts[0]), parts[1]);
    }

    /// <summary>Nothing that is tried here changes anything, so all tries may be at one server.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        internal AuthServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync()
        {
            Server = await AuthServer.StartEnabledAsync();
            Metadata root = await Server.RootAsync();
            await Server.Auth.UserAddAsync(new AuthUserAddRequest { Name = "new", Password = "new" }, root);
            await Server.Keys.PutAsync(new PutRequest { Key = AuthServer.B("secret") }, root);
        }

        public async ValueTask DisposeAsync() => await Server.DisposeAsync();
    }
}
