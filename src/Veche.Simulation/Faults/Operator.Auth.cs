using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Simulation.Clients;
using Veche.Simulation.Members;
using Veche.Simulation.Verdicts;
using Member = Veche.Simulation.Members.Member;

namespace Veche.Simulation.Faults;

/// <summary>Users, roles and permissions: given and taken while clients go on, mostly so that many may do some things.</summary>
internal sealed partial class Operator
{
    private const string Root = "root";
    private const string SomeHash = "aGFzaA==";

    private static readonly string[] RoleNames = ["few", "many", "some"];

    /// <summary>Luck of their own: a world without users does what it did.</summary>
    private readonly SimulationRandom _luck = new(world.Plan.Seed ^ 0xA074_0521);

    /// <summary>What was asked for first may be on its way.</summary>
    private long _beginsAgainNs;

    /// <summary>The users that come and go beside root.</summary>
    public static IReadOnlyList<string> Users { get; } = ["ann", "bob", "cid"];

    /// <summary>Gives or takes something; at first, everything that is needed to begin with.</summary>
    public void ChangeAuth()
    {
        List<Member> up = [.. world.Members.Where(static member => member is { State: MemberState.Up, IsWitness: false })];
        if (up.Count == 0)
        {
            return;
        }

        AuthState now = world.Model.AuthAt(world.Judge.Canon.CommittedIndex);
        Member asked = _luck.Pick(up);
        bool begins = now.Users.Count == 0 && world.NowNs >= _beginsAgainNs;
        if (begins)
        {
            _beginsAgainNs = world.NowNs + 1_000_000_000;
        }

        IEnumerable<AuthCommand> commands = begins ? Beginning() : _luck.Chance(0.15) ? [Senseless()] : [Sensible(now)];
        foreach (AuthCommand command in commands)
        {
            Ask(asked, command);
        }
    }

    /// <summary>The world has ended its faults: from now on the first client may write, as root, or because nobody is asked any more.</summary>
    public void LetWrite(Member member, Client client)
    {
        client.ActAs(Identity.Root);
        if ((world.Plan.Seed & 1) == 0)
        {
            Ask(member, new AuthCommand { Disable = new AuthDisableRequest() });
        }
    }

    private void Ask(Member member, AuthCommand command)
    {
        if (member.IsRunning)
        {
            world.Count("auth changes asked for");
            world.Note(member.Number, $"is asked to change users: {command}");
            member.Administer(new Command { Auth = command });
        }
    }

    private IEnumerable<AuthCommand> Beginning()
    {
        yield return AddUser(Root);
        yield return GrantRole(Root, Root);
        foreach (string role in RoleNames)
        {
            yield return AddRole(role);
            for (int grants = _luck.Between(2, 4); grants > 0; grants--)
            {
                yield return GrantPermission(role);
            }
        }

        foreach (string user in Users)
        {
            yield return AddUser(user);
            yield return GrantRole(user, _luck.Pick(RoleNames));
        }

        yield return new AuthCommand { Enable = new AuthEnableRequest() };
    }

    private AuthCommand Sensible(AuthState now)
    {
        if (!now.Users.TryGetValue(Root, out Person? root))
        {
            return AddUser(Root);
        }

        if (!root.Roles.Contains(Root))
        {
            return GrantRole(Root, Root);
        }

        if (!now.IsOn && _luck.Chance(0.6))
        {
            return new AuthCommand { Enable = new AuthEnableRequest() };
        }

        string user = _luck.Pick(Users);
        string role = _luck.Pick(RoleNames);
        if (!now.Users.ContainsKey(user) && _luck.Chance(0.7))
        {
            return AddUser(user);
        }

        if (!now.Roles.TryGetValue(role, out List<Permission>? permissions))
        {
            return AddRole(role);
        }

        return _luck.Below(20) switch
        {
            0 => new AuthCommand { Disable = new AuthDisableRequest() },
            1 => new AuthCommand { UserDelete = new AuthUserDeleteRequest { Name = user } },
            2 => new AuthCommand { RoleDelete = new AuthRoleDeleteRequest { Role = role } },
            3 => new AuthCommand { UserChangePassword = new AuthUserChangePasswordRequest { Name = user, HashedPassword = "bmV3" } },
            4 or 5 => RevokeRole(user, role),
            >= 6 and <= 10 => GrantRole(user, _luck.Chance(0.05) ? Root : role),
            >= 11 and <= 13 when permissions.Count > 0 => RevokePermission(role, _luck.Pick(permissions)),
            _ => GrantPermission(role),
        };
    }

    /// <summary>What may have to be refused: about who is not there, or what must not be done.</summary>
    private AuthCommand Senseless()
    {
        string user = _luck.Pick(["root", "ann", "bob", "cid", "nemo", string.Empty]);
        string role = _luck.Pick(["root", "few", "many", "some", "none", string.Empty]);
        return _luck.Below(10) switch
        {
            0 => AddUser(user),
            1 => new AuthCommand { UserDelete = new AuthUserDeleteRequest { Name = user } },
            2 => AddRole(role),
            3 => new AuthCommand { RoleDelete = new AuthRoleDeleteRequest { Role = role } },
            4 => GrantRole(user, role),
            5 => RevokeRole(user, role),
            6 => RevokePermission(role, SomePermission()),
            7 => new AuthCommand { UserChangePassword = new AuthUserChangePasswordRequest { Name = user, HashedPassword = SomeHash } },
            8 => new AuthCommand { RoleGrantPermission = new AuthRoleGrantPermissionRequest { Name = role, Perm = _luck.Chance(0.2) ? null : new Permission { Key = KeyNames.Bytes(_luck.Below(3)), RangeEnd = _luck.Chance(0.5) ? KeyNames.Bytes(_luck.Below(3)) : ByteString.CopyFrom(0) } } },
            _ => GrantPermission(role),
        };
    }

    private AuthCommand AddUser(string name)
    {
        bool hasPassword = _luck.Chance(0.7);
        return new AuthCommand { UserAdd = new AuthUserAddRequest { Name = name, HashedPassword = hasPassword ? SomeHash : string.Empty, Options = hasPassword && _luck.Chance(0.5) ? null : new UserAddOptions { NoPassword = !hasPassword } } };
    }

    private static AuthCommand AddRole(string name) => new() { RoleAdd = new AuthRoleAddRequest { Name = name } };

    private static AuthCommand GrantRole(string user, string role) => new() { UserGrantRole = new AuthUserGrantRoleRequest { User = user, Role = role } };

    private static AuthCommand RevokeRole(string user, string role) => new() { UserRevokeRole = new AuthUserRevokeRoleRequest { Name = user, Role = role } };

    private AuthCommand GrantPermission(string role) => new() { RoleGrantPermission = new AuthRoleGrantPermissionRequest { Name = role, Perm = SomePermission() } };

    private static AuthCommand RevokePermission(string role, Permission permission) => new() { RoleRevokePermission = new AuthRoleRevokePermissionRequest { Role = role, Key = permission.Key, RangeEnd = permission.RangeEnd } };

    /// <summary>One key, a few in a row, all with a prefix, all from one on, or all: some touch, overlap, or leave a gap of which no key of the world is in.</summary>
    private Permission SomePermission()
    {
        int from = _luck.Below(world.Keys);
        (ByteString key, ByteString end) = _luck.Below(10) switch
        {
            0 or 1 or 2 => (KeyNames.Bytes(from), ByteString.Empty),
            >= 3 and <= 6 => (KeyNames.Bytes(from), KeyNames.Bytes(Math.Min(KeyNames.Most - 1, from + _luck.Between(1, Math.Max(1, world.Keys / 2))))),
            7 => (ByteString.CopyFromUtf8("k00"), ByteString.CopyFromUtf8("k01")),
            8 => (KeyNames.Bytes(from), ByteString.CopyFrom(0)),
            _ => (ByteString.CopyFromUtf8("k"), KeyNames.End),
        };
        return new Permission { Key = key, RangeEnd = end, PermType = _luck.Pick([Permission.Types.Type.Readwrite, Permission.Types.Type.Readwrite, Permission.Types.Type.Read, Permission.Types.Type.Write]) };
    }
}
