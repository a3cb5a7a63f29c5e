using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;

namespace Veche.Simulation.Verdicts;

/// <summary>A user.</summary>
/// <param name="Password">The hash, as it was given; empty for none.</param>
/// <param name="Roles">Names of the roles it has.</param>
internal sealed record Person(ByteString Password, SortedSet<string> Roles);

/// <summary>Users, roles and permissions at one place in the log, as the model has them.</summary>
internal sealed class AuthState
{
    private const string Root = "root";
    private const string Management = "etcdserver: invalid auth management";
    private const string NoUser = "etcdserver: user name not found";
    private const string NoRole = "etcdserver: role name not found";

    /// <summary>Requests need a user.</summary>
    public bool IsOn { get; private set; }

    /// <summary>Grows with each change; turning it on is none.</summary>
    public ulong Revision { get; private set; } = 1;

    /// <summary>Users by name.</summary>
    public SortedDictionary<string, Person> Users { get; } = new(StringComparer.Ordinal);

    /// <summary>Roles by name, and what each may; at most one permission for the same key and end.</summary>
    public SortedDictionary<string, List<Permission>> Roles { get; } = new(StringComparer.Ordinal);

    /// <summary>The same, to be changed.</summary>
    public AuthState Copy()
    {
        var copy = new AuthState { IsOn = IsOn, Revision = Revision };
        foreach ((string name, Person person) in Users)
        {
            copy.Users.Add(name, new Person(person.Password, new SortedSet<string>(person.Roles, StringComparer.Ordinal)));
        }

        foreach ((string name, List<Permission> permissions) in Roles)
        {
            copy.Roles.Add(name, [.. permissions]);
        }

        return copy;
    }

    /// <summary>True when a key is in a range. Without an end it is one key, and with an end of one zero byte all from the first on.</summary>
    public static bool IsIn(ByteString key, ByteString first, ByteString end) =>
        end.IsEmpty ? key.Equals(first) : Order(key, first) >= 0 && (IsOpen(end) || Order(key, end) < 0);

    /// <summary>True when one of a user's roles allows it for one key.</summary>
    public bool May(Person person, ByteString key, bool write) => person.Roles.Where(Roles.ContainsKey).SelectMany(role => Roles[role]).Any(permission =>
        permission.PermType != (write ? Permission.Types.Type.Read : Permission.Types.Type.Write) && IsIn(key, permission.Key, permission.RangeEnd));

    /// <summary>Does what a command says; null when it is done, else why not.</summary>
    public string? Change(AuthCommand command)
    {
        switch (command.BodyCase)
        {
            case AuthCommand.BodyOneofCase.Enable:
                if (!IsOn && !Users.ContainsKey(Root))
                {
                    return "etcdserver: root user does not exist";
                }

                if (!IsOn && !Users[Root].Roles.Contains(Root))
                {
                    return "etcdserver: root user does not have root role";
                }

                IsOn = true;
                return null;
            case AuthCommand.BodyOneofCase.Disable:
                Revision += IsOn ? 1UL : 0;
                IsOn = false;
                return null;
            case AuthCommand.BodyOneofCase.UserAdd:
                AuthUserAddRequest added = command.UserAdd;
                return added.Name.Length == 0 ? "etcdserver: user name is empty"
                    : !Users.TryAdd(added.Name, new Person(Hash(added.Options is { NoPassword: true } ? string.Empty : added.HashedPassword), new SortedSet<string>(StringComparer.Ordinal))) ? "etcdserver: user name already exists"
                    : Changed();
            case AuthCommand.BodyOneofCase.UserDelete:
                return IsOn && command.UserDelete.Name == Root ? Management
                    : !Users.Remove(command.UserDelete.Name) ? NoUser
                    : Changed();
            case AuthCommand.BodyOneofCase.UserChangePassword:
                return ChangePassword(command.UserChangePassword);
            case AuthCommand.BodyOneofCase.UserGrantRole:
                AuthUserGrantRoleRequest granted = command.UserGrantRole;
                return !Users.TryGetValue(granted.User, out Person? getting) ? NoUser
                    : granted.Role != Root && !Roles.ContainsKey(granted.Role) ? NoRole
                    : getting.Roles.Add(granted.Role) ? Changed() : null;
            case AuthCommand.BodyOneofCase.UserRevokeRole:
                AuthUserRevokeRoleRequest revoked = command.UserRevokeRole;
                return IsOn && revoked is { Name: Root, Role: Root } ? Management
                    : !Users.TryGetValue(revoked.Name, out Person? losing) ? NoUser
                    : losing.Roles.Remove(revoked.Role) ? Changed() : "etcdserver: role is not granted to the user";
            default:
                return ChangeRole(command);
        }
    }

    private string? ChangeRole(AuthCommand command)
    {
        switch (command.BodyCase)
        {
            case AuthCommand.BodyOneofCase.RoleAdd:
                return command.RoleAdd.Name.Length == 0 ? "etcdserver: role name is empty"
                    : Roles.TryAdd(command.RoleAdd.Name, []) ? Changed() : "etcdserver: role name already exists";
            case AuthCommand.BodyOneofCase.RoleDelete:
                string name = command.RoleDelete.Role;
                if (IsOn && name == Root)
                {
                    return Management;
                }

                if (!Roles.Remove(name))
                {
                    return NoRole;
                }

                foreach (Person person in Users.Values)
                {
                    person.Roles.Remove(name);
                }

                return Changed();
            case AuthCommand.BodyOneofCase.RoleGrantPermission:
                return Grant(command.RoleGrantPermission);
            case AuthCommand.BodyOneofCase.RoleRevokePermission:
                AuthRoleRevokePermissionRequest taken = command.RoleRevokePermission;
                return !Roles.TryGetValue(taken.Role, out List<Permission>? permissions) ? NoRole
                    : permissions.RemoveAll(permission => permission.Key.Equals(taken.Key) && permission.RangeEnd.Equals(taken.RangeEnd)) == 0 ? "etcdserver: permission is not granted to the role"
                    : Changed();
            default:
                throw new ViolationException("a command about users that nobody in the world gives", command.ToString());
        }
    }

    private string? Grant(AuthRoleGrantPermissionRequest request)
    {
        if (request.Perm is not { } given)
        {
            return "etcdserver: permission not given";
        }

        if (given.Key.IsEmpty || (!given.RangeEnd.IsEmpty && !IsOpen(given.RangeEnd) && Order(given.Key, given.RangeEnd) >= 0))
        {
            return Management;
        }

        if (!Roles.TryGetValue(request.Name, out List<Permission>? permissions))
        {
            return NoRole;
        }

        permissions.RemoveAll(permission => permission.Key.Equals(given.Key) && permission.RangeEnd.Equals(given.RangeEnd));
        permissions.Add(given);
        return Changed();
    }

    private string? ChangePassword(AuthUserChangePasswordRequest request)
    {
        if (!Users.TryGetValue(request.Name, out Person? known))
        {
            return NoUser;
        }

        // Who has none gets none.
        Users[request.Name] = known with { Password = known.Password.IsEmpty ? ByteString.Empty : Hash(request.HashedPassword) };
        return Changed();
    }

    /// <summary>Where a store has something else; null when it has the same.</summary>
    public string? Difference(bool isOn, ulong revision, IEnumerable<User> users, IEnumerable<Role> roles)
    {
        string found = Text(isOn, revision, users.Select(static user => Text(user.Name.ToStringUtf8(), user.Password, user.Roles)), roles.Select(static role => Text(role.Name.ToStringUtf8(), role.KeyPermission)));
        string expected = Text(IsOn, Revision, Users.Select(static user => Text(user.Key, user.Value.Password, user.Value.Roles)), Roles.Select(static role => Text(role.Key, role.Value)));
        return found == expected ? null : $"has {found}; should have {expected}";
    }

    private static string Text(bool isOn, ulong revision, IEnumerable<string> users, IEnumerable<string> roles) =>
        FormattableString.Invariant($"authentication {(isOn ? "on" : "off")} at {revision}, users {string.Join(' ', users)}, roles {string.Join(' ', roles)}");

    private static string Text(string name, ByteString password, IEnumerable<string> roles) => $"{name}({password.ToBase64()}):{string.Join(',', roles)}";

    private static string Text(string name, IEnumerable<Permission> permissions) =>
        $"{name}:{string.Join(',', permissions.Select(static permission => $"{permission.PermType}[{permission.Key.ToBase64()},{permission.RangeEnd.ToBase64()})").Order(StringComparer.Ordinal))}";

    private string? Changed()
    {
        Revision++;
        return null;
    }

    private static ByteString Hash(string text) => ByteString.FromBase64(text);

    private static bool IsOpen(ByteString end) => end.Length == 1 && end[0] == 0;

    private static int Order(ByteString left, ByteString right) => left.Span.SequenceCompareTo(right.Span);
}
