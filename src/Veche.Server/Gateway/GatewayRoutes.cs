using Grpc.AspNetCore.Server;
using Grpc.Core.Interceptors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Veche.Api;
using Veche.Server.Options;
using Veche.Server.Services;

namespace Veche.Server.Gateway;

/// <summary>etcd's JSON gateway: every method by POST, under the names that etcd gives them, for those who do not speak gRPC.</summary>
internal static class GatewayRoutes
{
    /// <summary>The name of now, and those of the past that clients still use.</summary>
    private static readonly string[] Prefixes = ["/v3", "/v3beta", "/v3alpha"];

    /// <summary>Every path, without the prefix, and the method that it calls.</summary>
    internal static readonly (string Path, string Method)[] Paths =
    [
        ("/kv/range", "/etcdserverpb.KV/Range"),
        ("/kv/put", "/etcdserverpb.KV/Put"),
        ("/kv/deleterange", "/etcdserverpb.KV/DeleteRange"),
        ("/kv/txn", "/etcdserverpb.KV/Txn"),
        ("/kv/compaction", "/etcdserverpb.KV/Compact"),
        ("/watch", "/etcdserverpb.Watch/Watch"),
        ("/lease/grant", "/etcdserverpb.Lease/LeaseGrant"),
        ("/lease/revoke", "/etcdserverpb.Lease/LeaseRevoke"),
        ("/kv/lease/revoke", "/etcdserverpb.Lease/LeaseRevoke"),
        ("/lease/keepalive", "/etcdserverpb.Lease/LeaseKeepAlive"),
        ("/lease/timetolive", "/etcdserverpb.Lease/LeaseTimeToLive"),
        ("/kv/lease/timetolive", "/etcdserverpb.Lease/LeaseTimeToLive"),
        ("/lease/leases", "/etcdserverpb.Lease/LeaseLeases"),
        ("/kv/lease/leases", "/etcdserverpb.Lease/LeaseLeases"),
        ("/cluster/member/add", "/etcdserverpb.Cluster/MemberAdd"),
        ("/cluster/member/remove", "/etcdserverpb.Cluster/MemberRemove"),
        ("/cluster/member/update", "/etcdserverpb.Cluster/MemberUpdate"),
        ("/cluster/member/list", "/etcdserverpb.Cluster/MemberList"),
        ("/cluster/member/promote", "/etcdserverpb.Cluster/MemberPromote"),
        ("/maintenance/alarm", "/etcdserverpb.Maintenance/Alarm"),
        ("/maintenance/status", "/etcdserverpb.Maintenance/Status"),
        ("/maintenance/defragment", "/etcdserverpb.Maintenance/Defragment"),
        ("/maintenance/hash", "/etcdserverpb.Maintenance/Hash"),
        ("/maintenance/hashkv", "/etcdserverpb.Maintenance/HashKV"),
        ("/maintenance/snapshot", "/etcdserverpb.Maintenance/Snapshot"),
        ("/maintenance/transfer-leadership", "/etcdserverpb.Maintenance/MoveLeader"),
        ("/maintenance/downgrade", "/etcdserverpb.Maintenance/Downgrade"),
        ("/auth/enable", "/etcdserverpb.Auth/AuthEnable"),
        ("/auth/disable", "/etcdserverpb.Auth/AuthDisable"),
        ("/auth/status", "/etcdserverpb.Auth/AuthStatus"),
        ("/auth/authenticate", "/etcdserverpb.Auth/Authenticate"),
        ("/auth/user/add", "/etcdserverpb.Auth/UserAdd"),
        ("/auth/user/get", "/etcdserverpb.Auth/UserGet"),
        ("/auth/user/list", "/etcdserverpb.Auth/UserList"),
        ("/auth/user/delete", "/etcdserverpb.Auth/UserDelete"),
        ("/auth/user/changepw", "/etcdserverpb.Auth/UserChangePassword"),
        ("/auth/user/grant", "/etcdserverpb.Auth/UserGrantRole"),
        ("/auth/user/revoke", "/etcdserverpb.Auth/UserRevokeRole"),
        ("/auth/role/add", "/etcdserverpb.Auth/RoleAdd"),
        ("/auth/role/get", "/etcdserverpb.Auth/RoleGet"),
        ("/auth/role/list", "/etcdserverpb.Auth/RoleList"),
        ("/auth/role/delete", "/etcdserverpb.Auth/RoleDelete"),
        ("/auth/role/grant", "/etcdserverpb.Auth/RoleGrantPermission"),
        ("/auth/role/revoke", "/etcdserverpb.Auth/RoleRevokePermission"),
        ("/election/campaign", "/v3electionpb.Election/Campaign"),
        ("/election/proclaim", "/v3electionpb.Election/Proclaim"),
        ("/election/leader", "/v3electionpb.Election/Leader"),
        ("/election/observe", "/v3electionpb.Election/Observe"),
        ("/election/resign", "/v3electionpb.Election/Resign"),
        ("/lock/lock", "/v3lockpb.Lock/Lock"),
        ("/lock/unlock", "/v3lockpb.Lock/Unlock"),
    ];

    /// <summary>Maps every path whose method is served. Every call passes the same interceptors as over gRPC.</summary>
    public static void MapJsonGateway(this WebApplication web, ServerOptions options)
    {
        IServiceProvider services = web.Services;
        Interceptor[] interceptors = [.. services.GetRequiredService<IOptions<GrpcServiceOptions>>().Value.Interceptors
            .Select(registration => (Interceptor)ActivatorUtilities.CreateInstance(services, registration.Type, [.. registration.Arguments]))];
        var methods = new GatewayMethods(interceptors, new GatewayLimits(options));
        KV.BindService(methods, services.GetRequiredService<KeyValueService>());
        Watch.BindService(methods, services.GetRequiredService<WatchService>());
        Lease.BindService(methods, services.GetRequiredService<LeaseService>());
        Cluster.BindService(methods, services.GetRequiredService<ClusterService>());
        Maintenance.BindService(methods, services.GetRequiredService<MaintenanceService>());
        Election.BindService(methods, services.GetRequiredService<ElectionService>());
        Veche.Api.Lock.BindService(methods, services.GetRequiredService<LockService>());
        Veche.Api.Auth.BindService(methods, services.GetRequiredService<AuthService>());

        foreach ((string path, string method) in Paths)
        {
            if (methods.Find(method) is { } handler)
            {
                foreach (string prefix in Prefixes)
                {
                    web.MapPost(prefix + path, handler);
                }
            }
        }
    }
}
