using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Simulation.Clients;
using Veche.Simulation.Verdicts;

namespace Veche.Simulation.Faults;

/// <summary>Makes changes of users, roles and permissions, mostly so that many may do some things.</summary>
internal sealed class AuthMaker(SimulationRandom random, int keys)
{
    private const string Root = "root";
    private const string SomeHash = "aGFzaA==";

    private static readonly string[] RoleNames = ["few", "many", "some"];

    /// <summary>The users that come and go beside root.</summary>
    public static IReadOnlyList<string> Users { get; } = ["ann", "bob", "cid"];

    /// <summary>What there is at first: root, all roles and users, and authentication on.</summary>
    public IEnumerable<AuthCommand> Beginning()
    {
        yield return AddUser(Root);
        yield return GrantRole(Root, Root);
        foreach (string role in RoleNames)
        {
            yield return AddRole(role);
            for (int grants = random.Between(2, 4); grants > 0; grants--)
            {
                yield return GrantPermission(role);
            }
        }

        foreach (string user in Users)
        {
            yield return AddUser(user);
            yield return GrantRole(user, random.Pick(RoleNames));
        }

        yield return new AuthCommand { Enable = new AuthEnableRequest() };
    }

    /// <summary>Something that can be done as things are.</summary>
    public AuthCommand Sensible(AuthState now)
    {
        if (!now.Users.TryGetValue(Root, out Person? root))
        {
            return AddUser(Root);
        }

        if (!root.Roles.Contains(Root))
        {
            return GrantRole(Root, Root);
        }

        if (!now.IsOn && random.Chance(0.6))
        {
            return new AuthCommand { Enable = new AuthEnableRequest() };
        }

        string user = random.Pick(Users);
        string role = random.Pick(RoleNames);
        if (!now.Users.ContainsKey(user) && random.Chance(0.7))
        {
            return AddUser(user);
        }

        if (!now.Roles.TryGetValue(role, out List<Permission>? permissions))
        {
            return AddRole(role);
        }

        return random.Below(20) switch
        {
            0 => new AuthCommand { Disable = new AuthDisableRequest() },
            1 => new AuthCommand { UserDelete = new AuthUserDeleteRequest { Name = user } },
            2 => new AuthCommand { RoleDelete = new AuthRoleDeleteRequest { Role = role } },
            3 => new AuthCommand { UserChangePassword = new AuthUserChangePasswordRequest { Name = user, HashedPassword = "bmV3" } },
            4 or 5 => RevokeRole(user, role),
            >= 6 and <= 10 => GrantRole(user, random.Chance(0.05) ? Root : role),
            >= 11 and <= 13 when permissions.Count > 0 => RevokePermission(role, random.Pick(permissions)),
            _ => GrantPermission(role),
        };
    }

    /// <summary>What may have to be refused: about who is not there, or what must not be done.</summary>
    public AuthCommand Senseless()
    {
        string user = random.Pick(["root", "ann", "bob", "cid", "nemo", string.Empty]);
        string role = random.Pick(["root", "few", "many", "some", "none", string.Empty]);
        return random.Below(10) switch
        {
            0 => AddUser(user),
            1 => new AuthCommand { UserDelete = new AuthUserDeleteRequest { Name = user } },
            2 => AddRole(role),
            3 => new AuthCommand { RoleDelete = new AuthRoleDeleteRequest { Role = role } },
            4 => GrantRole(user, role),
            5 => RevokeRole(user, role),
            6 => RevokePermission(role, SomePermission()),
            7 => new AuthCommand { UserChangePassword = new AuthUserChangePasswordRequest { Name = user, HashedPassword = SomeHash } },
            8 => new AuthCommand { RoleGrantPermission = new AuthRoleGrantPermissionRequest { Name = role, Perm = random.Chance(0.2) ? null : new Permission { Key = KeyNames.Bytes(random.Below(3)), RangeEnd = random.Chance(0.5) ? KeyNames.Bytes(random.Below(3)) : ByteString.CopyFrom(0) } } },
            _ => GrantPermission(role),
        };
    }

    private AuthCommand AddUser(string name)
    {
        bool hasPassword = random.Chance(0.7);
        return new AuthCommand { UserAdd = new AuthUserAddRequest { Name = name, HashedPassword = hasPassword ? SomeHash : string.Empty, Options = hasPassword && random.Chance(0.5) ? null : new UserAddOptions { NoPassword = !hasPassword } } };
    }

    private static AuthCommand AddRole(string name) => new() { RoleAdd = new AuthRoleAddRequest { Name = name } };

    private static AuthCommand GrantRole(string user, string role) => new() { UserGrantRole = new AuthUserGrantRoleRequest { User = user, Role = role } };

    private static AuthCommand RevokeRole(string user, string role) => new() { UserRevokeRole = new AuthUserRevokeRoleRequest { Name = user, Role = role } };

    private AuthCommand GrantPermission(string role) => new() { RoleGrantPermission = new AuthRoleGrantPermissionRequest { Name = role, Perm = SomePermission() } };

    private static AuthCommand RevokePermission(string role, Permission permission) => new() { RoleRevokePermission = new AuthRoleRevokePermissionRequest { Role = role, Key = permission.Key, RangeEnd = permission.RangeEnd } };

    /// <summary>One key, a few in a row, all with a prefix, all from one on, or all: some touch, overlap, or leave a gap of which no key of the world is in.</summary>
    private Permission SomePermission()
    {
        int from = random.Below(keys);
        (ByteString key, ByteString end) = random.Below(10) switch
        {
            0 or 1 or 2 => (KeyNames.Bytes(from), ByteString.Empty),
            >= 3 and <= 6 => (KeyNames.Bytes(from), KeyNames.Bytes(Math.Min(KeyNames.Most - 1, from + random.Between(1, Math.Max(1, keys / 2))))),
            7 => (ByteString.CopyFromUtf8("k00"), ByteString.CopyFromUtf8("k01")),
            8 => (KeyNames.Bytes(from), ByteString.CopyFrom(0)),
            _ => (ByteString.CopyFromUtf8("k"), KeyNames.End),
        };
        return new Permission { Key = key, RangeEnd = end, PermType = random.Pick([Permission.Types.Type.Readwrite, Permission.Types.Type.Readwrite, Permission.Types.Type.Read, Permission.Types.Type.Write]) };
    }
}
