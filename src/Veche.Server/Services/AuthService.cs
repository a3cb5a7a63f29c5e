using Grpc.Core;
using Veche.Api;
using Veche.Api.Commands;
using Veche.Server.Auth;
using Veche.Store;
using Veche.Store.Auth;

namespace Veche.Server.Services;

/// <summary>Users, roles and permissions. Changes go through the log, and whether the caller may make them is judged there; questions are answered like linearizable reads.</summary>
internal sealed class AuthService(MemberContext member, Authenticator authenticator, Passwords passwords) : Api.Auth.AuthBase
{
    public override async Task<AuthEnableResponse> AuthEnable(AuthEnableRequest request, ServerCallContext context) =>
        Complete(await ChangeAsync<AuthEnableResponse>(new AuthCommand { Enable = request }, context).ConfigureAwait(false), static response => response.Header);

    public override async Task<AuthDisableResponse> AuthDisable(AuthDisableRequest request, ServerCallContext context) =>
        Complete(await ChangeAsync<AuthDisableResponse>(new AuthCommand { Disable = request }, context).ConfigureAwait(false), static response => response.Header);

    public override async Task<AuthStatusResponse> AuthStatus(AuthStatusRequest request, ServerCallContext context)
    {
        await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        AuthView auth = member.Store.Auth;
        return new AuthStatusResponse { Header = member.NewHeader(), Enabled = auth.IsEnabled, AuthRevision = auth.Revision };
    }

    public override async Task<AuthenticateResponse> Authenticate(AuthenticateRequest request, ServerCallContext context)
    {
        try
        {
            return Complete(await authenticator.LogInAsync(request.Name, request.Password, context.CancellationToken).ConfigureAwait(false), static response => response.Header);
        }
        catch (StoreException exception)
        {
            throw Errors.Of(exception.Error);
        }
    }

    public override async Task<AuthUserAddResponse> UserAdd(AuthUserAddRequest request, ServerCallContext context)
    {
        var add = new AuthUserAddRequest { Name = request.Name, Options = request.Options };
        if (request.Options is not { NoPassword: true })
        {
            add.HashedPassword = await HashAsync(request.Password, request.HashedPassword, context).ConfigureAwait(false);
        }

        return Complete(await ChangeAsync<AuthUserAddResponse>(new AuthCommand { UserAdd = add }, context).ConfigureAwait(false), static response => response.Header);
    }

    public override async Task<AuthUserGetResponse> UserGet(AuthUserGetRequest request, ServerCallContext context)
    {
        // Everybody may look at themselves.
        AuthView auth = await ReadAsync(context, mayAlso: caller => caller?.User == request.Name).ConfigureAwait(false);
        User user = auth.Users.GetValueOrDefault(request.Name) ?? throw Errors.Of(AuthErrors.UserNotFound);
        var response = new AuthUserGetResponse { Header = member.NewHeader() };
        response.Roles.AddRange(user.Roles);
        return response;
    }

    public override async Task<AuthUserListResponse> UserList(AuthUserListRequest request, ServerCallContext context)
    {
        AuthView auth = await ReadAsync(context).ConfigureAwait(false);
        var response = new AuthUserListResponse { Header = member.NewHeader() };
        response.Users.AddRange(auth.Users.Keys);
        return response;
    }

    public override async Task<AuthUserDeleteResponse> UserDelete(AuthUserDeleteRequest request, ServerCallContext context) =>
        Complete(await ChangeAsync<AuthUserDeleteResponse>(new AuthCommand { UserDelete = request }, context).ConfigureAwait(false), static response => response.Header);

    public override async Task<AuthUserChangePasswordResponse> UserChangePassword(AuthUserChangePasswordRequest request, ServerCallContext context)
    {
        var change = new AuthUserChangePasswordRequest { Name = request.Name, HashedPassword = await HashAsync(request.Password, request.HashedPassword, context).ConfigureAwait(false) };
        return Complete(await ChangeAsync<AuthUserChangePasswordResponse>(new AuthCommand { UserChangePassword = change }, context).ConfigureAwait(false), static response => response.Header);
    }

    public override async Task<AuthUserGrantRoleResponse> UserGrantRole(AuthUserGrantRoleRequest request, ServerCallContext context) =>
        Complete(await ChangeAsync<AuthUserGrantRoleResponse>(new AuthCommand { UserGrantRole = request }, context).ConfigureAwait(false), static response => response.Header);

    public override async Task<AuthUserRevokeRoleResponse> UserRevokeRole(AuthUserRevokeRoleRequest request, ServerCallContext context) =>
        Complete(await ChangeAsync<AuthUserRevokeRoleResponse>(new AuthCommand { UserRevokeRole = request }, context).ConfigureAwait(false), static response => response.Header);

    public override async Task<AuthRoleAddResponse> RoleAdd(AuthRoleAddRequest request, ServerCallContext context) =>
        Complete(await ChangeAsync<AuthRoleAddResponse>(new AuthCommand { RoleAdd = request }, context).ConfigureAwait(false), static response => response.Header);

    public override async Task<AuthRoleGetResponse> RoleGet(AuthRoleGetRequest request, ServerCallContext context)
    {
        AuthView auth = await ReadAsync(context, mayAlso: caller => caller is not null && member.Store.Auth.HasRole(caller.User, request.Role)).ConfigureAwait(false);
        Role role = auth.Roles.GetValueOrDefault(request.Role) ?? throw Errors.Of(AuthErrors.RoleNotFound);
        var response = new AuthRoleGetResponse { Header = member.NewHeader() };
        response.Perm.AddRange(role.KeyPermission);
        return response;
    }

    public override async Task<AuthRoleListResponse> RoleList(AuthRoleListRequest request, ServerCallContext context)
    {
        AuthView auth = await ReadAsync(context).ConfigureAwait(false);
        var response = new AuthRoleListResponse { Header = member.NewHeader() };
        response.Roles.AddRange(auth.Roles.Keys);
        return response;
    }

    public override async Task<AuthRoleDeleteResponse> RoleDelete(AuthRoleDeleteRequest request, ServerCallContext context) =>
        Complete(await ChangeAsync<AuthRoleDeleteResponse>(new AuthCommand { RoleDelete = request }, context).ConfigureAwait(false), static response => response.Header);

    public override async Task<AuthRoleGrantPermissionResponse> RoleGrantPermission(AuthRoleGrantPermissionRequest request, ServerCallContext context) =>
        Complete(await ChangeAsync<AuthRoleGrantPermissionResponse>(new AuthCommand { RoleGrantPermission = request }, context).ConfigureAwait(false), static response => response.Header);

    public override async Task<AuthRoleRevokePermissionResponse> RoleRevokePermission(AuthRoleRevokePermissionRequest request, ServerCallContext context) =>
        Complete(await ChangeAsync<AuthRoleRevokePermissionResponse>(new AuthCommand { RoleRevokePermission = request }, context).ConfigureAwait(false), static response => response.Header);

    /// <summary>A hash that came with a request stands, where no password did.</summary>
    private async Task<string> HashAsync(string password, string hashed, ServerCallContext context)
    {
        if (password.Length == 0 && hashed.Length > 0)
        {
            return hashed;
        }

        try
        {
            return await passwords.HashAsync(password, context.CancellationToken).ConfigureAwait(false);
        }
        catch (StoreException exception)
        {
            throw Errors.Of(exception.Error);
        }
    }

    private ValueTask<TResponse> ChangeAsync<TResponse>(AuthCommand command, ServerCallContext context)
        where TResponse : class => member.ProposeAsync<TResponse>(new Command { Auth = command }, context);

    /// <summary>Users and roles as they are now, for administrators and those who may also see them.</summary>
    private async ValueTask<AuthView> ReadAsync(ServerCallContext context, Func<Caller?, bool>? mayAlso = null)
    {
        await member.ConfirmReadAsync(context.CancellationToken).ConfigureAwait(false);
        AuthView auth = member.Store.Auth;
        Caller? caller = context.Caller();
        return auth.CheckAdministrator(caller) is { } denied && mayAlso?.Invoke(caller) != true ? throw Errors.Of(denied) : auth;
    }

    private TResponse Complete<TResponse>(TResponse response, Func<TResponse, ResponseHeader> header)
    {
        member.Complete(header(response));
        return response;
    }
}
