using System.Collections.Immutable;
using Google.Protobuf;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Store.Engine;

namespace Veche.Store.Auth;

/// <summary>Changes users, roles and permissions, command by command. Whether the caller may is judged before.</summary>
internal sealed partial class AuthWriter(IKeyValueEngine engine, AuthView committed)
{
    private readonly List<Action<IAuthObserver>> _told = [];

    /// <summary>The state in the middle of a batch.</summary>
    public AuthView Current { get; private set; } = committed;

    /// <summary>Does a command; its answer, or why not.</summary>
    /// <param name="command">What to do.</param>
    /// <param name="index">Index of its entry.</param>
    /// <param name="revision">Of the keys, for the answer's header.</param>
    public object Apply(AuthCommand command, long index, long revision)
    {
        var header = new ResponseHeader { Revision = revision };
        return command.BodyCase switch
        {
            AuthCommand.BodyOneofCase.Enable => Enable() ?? (object)new AuthEnableResponse { Header = header },
            AuthCommand.BodyOneofCase.Disable => Disable() ?? (object)new AuthDisableResponse { Header = header },
            AuthCommand.BodyOneofCase.IssueToken => IssueToken(command.IssueToken, index, header),
            AuthCommand.BodyOneofCase.UserAdd => Add(command.UserAdd) ?? (object)new AuthUserAddResponse { Header = header },
            AuthCommand.BodyOneofCase.UserDelete => Delete(command.UserDelete) ?? (object)new AuthUserDeleteResponse { Header = header },
            AuthCommand.BodyOneofCase.UserChangePassword => Change(command.UserChangePassword) ?? (object)new AuthUserChangePasswordResponse { Header = header },
            AuthCommand.BodyOneofCase.UserGrantRole => Grant(command.UserGrantRole) ?? (object)new AuthUserGrantRoleResponse { Header = header },
            AuthCommand.BodyOneofCase.UserRevokeRole => Revoke(command.UserRevokeRole) ?? (object)new AuthUserRevokeRoleResponse { Header = header },
            AuthCommand.BodyOneofCase.RoleAdd => Add(command.RoleAdd) ?? (object)new AuthRoleAddResponse { Header = header },
            AuthCommand.BodyOneofCase.RoleDelete => Delete(command.RoleDelete) ?? (object)new AuthRoleDeleteResponse { Header = header },
            AuthCommand.BodyOneofCase.RoleGrantPermission => Grant(command.RoleGrantPermission) ?? (object)new AuthRoleGrantPermissionResponse { Header = header },
            AuthCommand.BodyOneofCase.RoleRevokePermission => Revoke(command.RoleRevokePermission) ?? (object)new AuthRoleRevokePermissionResponse { Header = header },
            _ => StoreErrors.UnknownCommand,
        };
    }

    /// <summary>The batch is committed.</summary>
    public void Tell(IAuthObserver? observer)
    {
        if (observer is not null)
        {
            _told.ForEach(tell => tell(observer));
        }

        _told.Clear();
    }

    private StoreError? Enable()
    {
        if (Current.IsEnabled)
        {
            return null;
        }

        if (!Current.Users.ContainsKey(AuthView.Root))
        {
            return AuthErrors.RootUserNotFound;
        }

        if (!Current.HasRole(AuthView.Root, AuthView.Root))
        {
            return AuthErrors.RootRoleNotGranted;
        }

        Keep(new AuthView(true, Current.Revision, Current.Users, Current.Roles));
        return null;
    }

    private StoreError? Disable()
    {
        if (Current.IsEnabled)
        {
            Keep(new AuthView(false, Current.Revision + 1, Current.Users, Current.Roles));
            _told.Add(static observer => observer.Reset());
        }

        return null;
    }

    private object IssueToken(IssueToken request, long index, ResponseHeader header)
    {
        if (!Current.IsEnabled)
        {
            return AuthErrors.NotEnabled;
        }

        if (request.CheckedRevision != Current.Revision)
        {
            return AuthErrors.OldRevision;
        }

        if (!Current.Users.TryGetValue(request.User, out User? user) || user.Options is { NoPassword: true })
        {
            return AuthErrors.AuthenticationFailed;
        }

        string token = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{request.RandomPart}.{index}");
        _told.Add(observer => observer.TokenIssued(request.User, token, index));
        return new AuthenticateResponse { Header = header, Token = token };
    }

    private void Keep(User user)
    {
        string name = user.Name.ToStringUtf8();
        engine.Batch.Put(AuthKeys.User(name), user.ToByteArray());
        Keep(Current.Users.SetItem(name, user), Current.Roles);
    }

    private void Keep(Role role)
    {
        string name = role.Name.ToStringUtf8();
        engine.Batch.Put(AuthKeys.Role(name), role.ToByteArray());
        Keep(Current.Users, Current.Roles.SetItem(name, role));
    }

    /// <summary>A change that makes everybody be recognised anew.</summary>
    private void Keep(ImmutableSortedDictionary<string, User> users, ImmutableSortedDictionary<string, Role> roles) =>
        Keep(new AuthView(Current.IsEnabled, Current.Revision + 1, users, roles));

    private void Keep(AuthView changed)
    {
        engine.Batch.Put(AuthKeys.State, AuthKeys.EncodeState(changed.IsEnabled, changed.Revision));
        Current = changed;
    }
}
