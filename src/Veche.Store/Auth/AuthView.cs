using System.Collections.Concurrent;
using System.Collections.Immutable;
using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;

namespace Veche.Store.Auth;

/// <summary>Users, roles and permissions at one moment. Never changes; what it hands out is shared and must not be changed either.</summary>
public sealed class AuthView
{
    /// <summary>The user, and the role, that may do everything.</summary>
    public const string Root = "root";

    /// <summary>The revision of a store without users, as etcd counts.</summary>
    public const ulong FirstRevision = 1;

    private readonly ConcurrentDictionary<string, (KeyPermissions Read, KeyPermissions Write)> _merged = new(StringComparer.Ordinal);

    internal static readonly AuthView Empty = new(false, FirstRevision, ImmutableSortedDictionary.Create<string, User>(StringComparer.Ordinal), ImmutableSortedDictionary.Create<string, Role>(StringComparer.Ordinal));

    internal AuthView(bool isEnabled, ulong revision, ImmutableSortedDictionary<string, User> users, ImmutableSortedDictionary<string, Role> roles)
    {
        IsEnabled = isEnabled;
        Revision = revision;
        Users = users;
        Roles = roles;
    }

    /// <summary>True while requests need a user.</summary>
    public bool IsEnabled { get; }

    /// <summary>Grows with every change of users, roles and permissions. What was recognised at an older one has to be recognised again.</summary>
    public ulong Revision { get; }

    /// <summary>Users by name.</summary>
    public ImmutableSortedDictionary<string, User> Users { get; }

    /// <summary>Roles by name.</summary>
    public ImmutableSortedDictionary<string, Role> Roles { get; }

    /// <summary>Whether the caller may do what only administrators may; null when so.</summary>
    public StoreError? CheckAdministrator(Caller? caller) =>
        !IsEnabled || caller is { IsMember: true } ? null
        : string.IsNullOrEmpty(caller?.User) ? AuthErrors.UserEmpty
        : !Users.TryGetValue(caller.User, out User? user) ? AuthErrors.UserNotFound
        : HasRole(user, Root) ? null : AuthErrors.PermissionDenied;

    /// <summary>Whether there is a caller at all, when there must be; null when so.</summary>
    public StoreError? CheckKnown(Caller? caller) => !IsEnabled || caller is { IsMember: true } or { Revision: > 0 } ? null : AuthErrors.UserEmpty;

    /// <summary>Whether the caller may read a range; null when so.</summary>
    public StoreError? CheckRead(Caller? caller, ByteString key, ByteString rangeEnd) => Check(caller, key, rangeEnd, write: false);

    /// <summary>Whether the caller may change a range; null when so.</summary>
    public StoreError? CheckWrite(Caller? caller, ByteString key, ByteString rangeEnd) => Check(caller, key, rangeEnd, write: true);

    /// <summary>True when a user exists and has a role.</summary>
    public bool HasRole(string user, string role) => Users.TryGetValue(user, out User? found) && HasRole(found, role);

    private static bool HasRole(User user, string role) => user.Roles.Contains(role);

    private StoreError? Check(Caller? caller, ByteString key, ByteString rangeEnd, bool write)
    {
        if (!IsEnabled || caller is { IsMember: true })
        {
            return null;
        }

        if (caller is not { Revision: > 0 })
        {
            return AuthErrors.UserEmpty;
        }

        if (caller.Revision < Revision)
        {
            return AuthErrors.OldRevision;
        }

        if (!Users.TryGetValue(caller.User, out User? user))
        {
            return AuthErrors.PermissionDenied;
        }

        if (HasRole(user, Root))
        {
            return null;
        }

        (KeyPermissions read, KeyPermissions writes) = _merged.GetOrAdd(caller.User, Merge, user);
        return (write ? writes : read).Cover(key, rangeEnd) ? null : AuthErrors.PermissionDenied;
    }

    private (KeyPermissions Read, KeyPermissions Write) Merge(string name, User user)
    {
        List<Permission> all = [.. user.Roles.Where(Roles.ContainsKey).SelectMany(role => Roles[role].KeyPermission)];
        return (
            new KeyPermissions(all.Where(static permission => permission.PermType is Permission.Types.Type.Read or Permission.Types.Type.Readwrite)),
            new KeyPermissions(all.Where(static permission => permission.PermType is Permission.Types.Type.Write or Permission.Types.Type.Readwrite)));
    }
}
