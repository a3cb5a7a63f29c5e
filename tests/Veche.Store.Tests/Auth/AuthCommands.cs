using Veche.Api;
using Veche.Api.Commands;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests.Auth;

/// <summary>Short names for the commands of these tests.</summary>
internal static class AuthCommands
{
    public static Caller By(this StoreHarness store, string user) => new() { User = user, Revision = store.Store.Auth.Revision };

    /// <summary>Does a command in somebody's name, recognised just now.</summary>
    public static object As(this StoreHarness store, string user, Command command)
    {
        command.Caller = store.By(user);
        return store.Do(command);
    }

    public static object Auth(this StoreHarness store, AuthCommand command, string? user = null) =>
        user is null ? store.Do(new Command { Auth = command }) : store.As(user, new Command { Auth = command });

    public static AuthCommand AddUser(string name, string hash = "hash", bool noPassword = false) => new()
    {
        UserAdd = new AuthUserAddRequest { Name = name, HashedPassword = Convert.ToBase64String(B(hash).ToByteArray()), Options = new UserAddOptions { NoPassword = noPassword } },
    };

    public static AuthCommand DeleteUser(string name) => new() { UserDelete = new AuthUserDeleteRequest { Name = name } };

    public static AuthCommand ChangePassword(string name, string hash) => new()
    {
        UserChangePassword = new AuthUserChangePasswordRequest { Name = name, HashedPassword = Convert.ToBase64String(B(hash).ToByteArray()) },
    };

    public static AuthCommand GrantRole(string user, string role) => new() { UserGrantRole = new AuthUserGrantRoleRequest { User = user, Role = role } };

    public static AuthCommand RevokeRole(string user, string role) => new() { UserRevokeRole = new AuthUserRevokeRoleRequest { Name = user, Role = role } };

    public static AuthCommand AddRole(string name) => new() { RoleAdd = new AuthRoleAddRequest { Name = name } };

    public static AuthCommand DeleteRole(string name) => new() { RoleDelete = new AuthRoleDeleteRequest { Role = name } };

    public static AuthCommand Grant(string role, Permission.Types.Type type, string key, string end = "") => new()
    {
        RoleGrantPermission = new AuthRoleGrantPermissionRequest { Name = role, Perm = new Permission { PermType = type, Key = B(key), RangeEnd = B(end) } },
    };

    public static AuthCommand Revoke(string role, string key, string end = "") => new()
    {
        RoleRevokePermission = new AuthRoleRevokePermissionRequest { Role = role, Key = B(key), RangeEnd = B(end) },
    };

    public static AuthCommand Enable() => new() { Enable = new AuthEnableRequest() };

    public static AuthCommand Disable() => new() { Disable = new AuthDisableRequest() };

    public static AuthCommand Issue(string user, ulong revision, string random = "random") => new() { IssueToken = new IssueToken { User = user, RandomPart = random, CheckedRevision = revision } };

    /// <summary>
    /// A store with authentication on, root, and alice, whose role "reader" reads [a,c) and [c,e), and whose role "writer" writes [b,d) and
    /// reads and writes k.
    /// </summary>
    public static StoreHarness Enabled()
    {
        StoreHarness store = StoreHarness.InMemory();
        foreach (AuthCommand command in (AuthCommand[])
        [
            AddUser("root"), GrantRole("root", "root"), AddUser("alice"), AddRole("reader"), AddRole("writer"),
            Grant("reader", Permission.Types.Type.Read, "a", "c"), Grant("reader", Permission.Types.Type.Read, "c", "e"),
            Grant("writer", Permission.Types.Type.Write, "b", "d"), Grant("writer", Permission.Types.Type.Readwrite, "k"),
            GrantRole("alice", "reader"), GrantRole("alice", "writer"), Enable(),
        ])
        {
            Assert.IsNotType<StoreError>(store.Auth(command));
        }

        return store;
    }

    public static StoreError? Error(this object result) => result as StoreError;
}
