using Google.Protobuf;
using Veche.Api;

namespace Veche.Store.Auth;

/// <summary>Users.</summary>
internal sealed partial class AuthWriter
{
    private StoreError? Add(AuthUserAddRequest request)
    {
        if (request.Name.Length == 0)
        {
            return AuthErrors.UserEmpty;
        }

        if (Current.Users.ContainsKey(request.Name))
        {
            return AuthErrors.UserExists;
        }

        var user = new User { Name = ByteString.CopyFromUtf8(request.Name), Options = request.Options ?? new UserAddOptions() };
        if (!user.Options.NoPassword)
        {
            if (Decode(request.HashedPassword) is not { } hash)
            {
                return AuthErrors.NoPasswordUser;
            }

            user.Password = hash;
        }

        Keep(user);
        return null;
    }

    private StoreError? Delete(AuthUserDeleteRequest request)
    {
        if (Current.IsEnabled && request.Name == AuthView.Root)
        {
            return AuthErrors.InvalidManagement;
        }

        if (!Current.Users.ContainsKey(request.Name))
        {
            return AuthErrors.UserNotFound;
        }

        engine.Batch.Delete(AuthKeys.User(request.Name));
        Keep(Current.Users.Remove(request.Name), Current.Roles);
        _told.Add(observer => observer.UserInvalidated(request.Name));
        return null;
    }

    private StoreError? Change(AuthUserChangePasswordRequest request)
    {
        if (!Current.Users.TryGetValue(request.Name, out User? known))
        {
            return AuthErrors.UserNotFound;
        }

        User user = known.Clone();
        if (user.Options is not { NoPassword: true })
        {
            if (Decode(request.HashedPassword) is not { } hash)
            {
                return AuthErrors.NoPasswordUser;
            }

            user.Password = hash;
        }

        Keep(user);
        _told.Add(observer => observer.UserInvalidated(request.Name));
        return null;
    }

    private StoreError? Grant(AuthUserGrantRoleRequest request)
    {
        if (!Current.Users.TryGetValue(request.User, out User? known))
        {
            return AuthErrors.UserNotFound;
        }

        if (request.Role != AuthView.Root && !Current.Roles.ContainsKey(request.Role))
        {
            return AuthErrors.RoleNotFound;
        }

        if (!known.Roles.Contains(request.Role))
        {
            Keep(WithRoles(known, known.Roles.Append(request.Role)));
        }

        return null;
    }

    private StoreError? Revoke(AuthUserRevokeRoleRequest request)
    {
        if (Current.IsEnabled && request.Name == AuthView.Root && request.Role == AuthView.Root)
        {
            return AuthErrors.InvalidManagement;
        }

        if (!Current.Users.TryGetValue(request.Name, out User? known))
        {
            return AuthErrors.UserNotFound;
        }

        if (!known.Roles.Contains(request.Role))
        {
            return AuthErrors.RoleNotGranted;
        }

        Keep(WithRoles(known, known.Roles.Where(role => role != request.Role)));
        return null;
    }

    private static User WithRoles(User known, IEnumerable<string> roles)
    {
        List<string> sorted = [.. roles.Order(StringComparer.Ordinal)];
        User user = known.Clone();
        user.Roles.Clear();
        user.Roles.AddRange(sorted);
        return user;
    }

    /// <summary>A hash as requests carry it; null when it is none.</summary>
    private static ByteString? Decode(string base64)
    {
        byte[] room = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, room, out int length) ? ByteString.CopyFrom(room, 0, length) : null;
    }
}
