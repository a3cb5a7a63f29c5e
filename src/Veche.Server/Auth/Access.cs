namespace Veche.Server.Auth;

/// <summary>Who may call a method at all, while authentication is on.</summary>
internal enum Access
{
    /// <summary>Everybody.</summary>
    Open,

    /// <summary>The method asks for each message of a stream who the caller is: streams outlive tokens.</summary>
    EachMessage,

    /// <summary>Every known user; what else is needed depends on the request and is judged where it is done.</summary>
    User,

    /// <summary>Only users with the role root, by everything that was acknowledged before the call: what they do is not judged again in the log.</summary>
    Administrator,

    /// <summary>
    /// Only users with the role root, by what this member knows: what it holds is to be saved and looked at even when no quorum is left. Whoever hands data
    /// out judges once more by a state that is not older than the data.
    /// </summary>
    AdministratorHere,
}

/// <summary>The rules, one by one. What is not named is for administrators, so that a new method is never open because somebody forgot it.</summary>
internal static class AccessRules
{
    private static readonly Dictionary<string, Access> Rules = new(StringComparer.Ordinal)
    {
        ["/grpc.health.v1.Health/Check"] = Access.Open,
        ["/grpc.health.v1.Health/List"] = Access.Open,
        ["/grpc.health.v1.Health/Watch"] = Access.Open,
        ["/etcdserverpb.Auth/Authenticate"] = Access.Open,
        ["/etcdserverpb.Auth/AuthStatus"] = Access.Open,

        ["/etcdserverpb.Watch/Watch"] = Access.EachMessage,
        ["/etcdserverpb.Lease/LeaseKeepAlive"] = Access.EachMessage,

        ["/etcdserverpb.KV/Range"] = Access.User,
        ["/etcdserverpb.KV/RangeStream"] = Access.User,
        ["/etcdserverpb.KV/Put"] = Access.User,
        ["/etcdserverpb.KV/DeleteRange"] = Access.User,
        ["/etcdserverpb.KV/Txn"] = Access.User,
        ["/etcdserverpb.Lease/LeaseGrant"] = Access.User,
        ["/etcdserverpb.Lease/LeaseRevoke"] = Access.User,
        ["/etcdserverpb.Lease/LeaseTimeToLive"] = Access.User,
        ["/etcdserverpb.Lease/LeaseLeases"] = Access.User,
        ["/etcdserverpb.Cluster/MemberList"] = Access.User,
        ["/etcdserverpb.Maintenance/Status"] = Access.User,
        ["/veche.v1.Members/Describe"] = Access.User,
        ["/v3electionpb.Election/Campaign"] = Access.User,
        ["/v3electionpb.Election/Proclaim"] = Access.User,
        ["/v3electionpb.Election/Leader"] = Access.User,
        ["/v3electionpb.Election/Observe"] = Access.User,
        ["/v3electionpb.Election/Resign"] = Access.User,
        ["/v3lockpb.Lock/Lock"] = Access.User,
        ["/v3lockpb.Lock/Unlock"] = Access.User,

        ["/etcdserverpb.Maintenance/Defragment"] = Access.AdministratorHere,
        ["/etcdserverpb.Maintenance/Hash"] = Access.AdministratorHere,
        ["/etcdserverpb.Maintenance/HashKV"] = Access.AdministratorHere,
        ["/etcdserverpb.Maintenance/Snapshot"] = Access.AdministratorHere,

        // Administrators' work too, but they are judged by the state at the place in the log where it is done, and not by this member's, which may be behind.
        ["/etcdserverpb.KV/Compact"] = Access.User,
        ["/etcdserverpb.Maintenance/Alarm"] = Access.User,
        ["/etcdserverpb.Auth/AuthEnable"] = Access.User,
        ["/etcdserverpb.Auth/AuthDisable"] = Access.User,
        ["/etcdserverpb.Auth/UserAdd"] = Access.User,
        ["/etcdserverpb.Auth/UserGet"] = Access.User,
        ["/etcdserverpb.Auth/UserList"] = Access.User,
        ["/etcdserverpb.Auth/UserDelete"] = Access.User,
        ["/etcdserverpb.Auth/UserChangePassword"] = Access.User,
        ["/etcdserverpb.Auth/UserGrantRole"] = Access.User,
        ["/etcdserverpb.Auth/UserRevokeRole"] = Access.User,
        ["/etcdserverpb.Auth/RoleAdd"] = Access.User,
        ["/etcdserverpb.Auth/RoleGet"] = Access.User,
        ["/etcdserverpb.Auth/RoleList"] = Access.User,
        ["/etcdserverpb.Auth/RoleDelete"] = Access.User,
        ["/etcdserverpb.Auth/RoleGrantPermission"] = Access.User,
        ["/etcdserverpb.Auth/RoleRevokePermission"] = Access.User,
    };

    /// <summary>The methods that have a rule.</summary>
    public static IReadOnlyCollection<string> Named => Rules.Keys;

    /// <summary>Who may call a method.</summary>
    /// <param name="method">Its full name, as gRPC has it: <c>/etcdserverpb.KV/Range</c>.</param>
    public static Access Of(string method) => Rules.GetValueOrDefault(method, Access.Administrator);
}
