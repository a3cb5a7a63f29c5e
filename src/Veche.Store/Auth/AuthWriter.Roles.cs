using System.Collections.Immutable;
using Google.Protobuf;
using Veche.Api;

namespace Veche.Store.Auth;

/// <summary>Roles and what they may.</summary>
internal sealed partial class AuthWriter
{
    private StoreError? Add(AuthRoleAddRequest request)
    {
        if (request.Name.Length == 0)
        {
            return AuthErrors.RoleEmpty;
        }

        if (Current.Roles.ContainsKey(request.Name))
        {
            return AuthErrors.RoleExists;
        }

        Keep(new Role { Name = ByteString.CopyFromUtf8(request.Name) });
        return null;
    }

    private StoreError? Delete(AuthRoleDeleteRequest request)
    {
        if (Current.IsEnabled && request.Role == AuthView.Root)
        {
            return AuthErrors.InvalidManagement;
        }

        if (!Current.Roles.ContainsKey(request.Role))
        {
            return AuthErrors.RoleNotFound;
        }

        ImmutableSortedDictionary<string, User>.Builder users = Current.Users.ToBuilder();
        foreach ((string name, User known) in Current.Users)
        {
            if (known.Roles.Contains(request.Role))
            {
                User user = WithRoles(known, known.Roles.Where(role => role != request.Role));
                engine.Batch.Put(AuthKeys.User(name), user.ToByteArray());
                users[name] = user;
            }
        }

        engine.Batch.Delete(AuthKeys.Role(request.Role));
        Keep(users.ToImmutable(), Current.Roles.Remove(request.Role));
        return null;
    }

    private StoreError? Grant(AuthRoleGrantPermissionRequest request)
    {
        if (request.Perm is not { } given)
        {
            return AuthErrors.PermissionNotGiven;
        }

        if (!MakesSense(given))
        {
            return AuthErrors.InvalidManagement;
        }

        if (!Current.Roles.TryGetValue(request.Name, out Role? known))
        {
            return AuthErrors.RoleNotFound;
        }

        Role role = known.Clone();
        if (role.KeyPermission.FirstOrDefault(permission => IsFor(permission, given.Key, given.RangeEnd)) is { } same)
        {
            same.PermType = given.PermType;
        }
        else
        {
            List<Permission> sorted = [.. role.KeyPermission.Append(given.Clone()).OrderBy(static permission => permission.Key, ByBytes)];
            role.KeyPermission.Clear();
            role.KeyPermission.AddRange(sorted);
        }

        Keep(role);
        return null;
    }

    private StoreError? Revoke(AuthRoleRevokePermissionRequest request)
    {
        if (!Current.Roles.TryGetValue(request.Role, out Role? known))
        {
            return AuthErrors.RoleNotFound;
        }

        if (known.KeyPermission.FirstOrDefault(permission => IsFor(permission, request.Key, request.RangeEnd)) is not { } found)
        {
            return AuthErrors.PermissionNotGranted;
        }

        Role role = known.Clone();
        role.KeyPermission.Remove(found);
        Keep(role);
        return null;
    }

    private static readonly Comparer<ByteString> ByBytes = Comparer<ByteString>.Create(static (left, right) => left.Span.SequenceCompareTo(right.Span));

    private static bool IsFor(Permission permission, ByteString key, ByteString rangeEnd) => permission.Key.Equals(key) && permission.RangeEnd.Equals(rangeEnd);

    private static bool MakesSense(Permission permission) =>
        !permission.Key.IsEmpty
        && (permission.RangeEnd.IsEmpty
            || permission.Key.Span.SequenceCompareTo(permission.RangeEnd.Span) < 0
            || (permission.RangeEnd.Length == 1 && permission.RangeEnd[0] == 0));
}
