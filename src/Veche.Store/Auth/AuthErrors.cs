namespace Veche.Store.Auth;

/// <summary>Refusals that are about users, roles and permissions. Codes and texts are etcd's.</summary>
public static class AuthErrors
{
    /// <summary>Enabling without a user named root.</summary>
    public static readonly StoreError RootUserNotFound = new(StoreErrorCode.FailedPrecondition, "etcdserver: root user does not exist");

    /// <summary>Enabling while root does not have the role root.</summary>
    public static readonly StoreError RootRoleNotGranted = new(StoreErrorCode.FailedPrecondition, "etcdserver: root user does not have root role");

    /// <summary>Adding a user that exists.</summary>
    public static readonly StoreError UserExists = new(StoreErrorCode.FailedPrecondition, "etcdserver: user name already exists");

    /// <summary>A request without a user where one is needed.</summary>
    public static readonly StoreError UserEmpty = new(StoreErrorCode.InvalidArgument, "etcdserver: user name is empty");

    /// <summary>No such user.</summary>
    public static readonly StoreError UserNotFound = new(StoreErrorCode.FailedPrecondition, "etcdserver: user name not found");

    /// <summary>Adding a role that exists.</summary>
    public static readonly StoreError RoleExists = new(StoreErrorCode.FailedPrecondition, "etcdserver: role name already exists");

    /// <summary>No such role.</summary>
    public static readonly StoreError RoleNotFound = new(StoreErrorCode.FailedPrecondition, "etcdserver: role name not found");

    /// <summary>Adding a role without a name.</summary>
    public static readonly StoreError RoleEmpty = new(StoreErrorCode.InvalidArgument, "etcdserver: role name is empty");

    /// <summary>Wrong user or password; which one is not said.</summary>
    public static readonly StoreError AuthenticationFailed = new(StoreErrorCode.InvalidArgument, "etcdserver: authentication failed, invalid user ID or password");

    /// <summary>A password for a user that has none, or none for one that has.</summary>
    public static readonly StoreError NoPasswordUser = new(StoreErrorCode.Unknown, "auth: authentication failed, password was given for no password user");

    /// <summary>Granting no permission.</summary>
    public static readonly StoreError PermissionNotGiven = new(StoreErrorCode.InvalidArgument, "etcdserver: permission not given");

    /// <summary>The user may not do it.</summary>
    public static readonly StoreError PermissionDenied = new(StoreErrorCode.PermissionDenied, "etcdserver: permission denied");

    /// <summary>Revoking a role that the user does not have.</summary>
    public static readonly StoreError RoleNotGranted = new(StoreErrorCode.FailedPrecondition, "etcdserver: role is not granted to the user");

    /// <summary>Revoking a permission that the role does not have.</summary>
    public static readonly StoreError PermissionNotGranted = new(StoreErrorCode.FailedPrecondition, "etcdserver: permission is not granted to the role");

    /// <summary>Asking for a token while authentication is off.</summary>
    public static readonly StoreError NotEnabled = new(StoreErrorCode.FailedPrecondition, "etcdserver: authentication is not enabled");

    /// <summary>A token that is unknown, has expired or is signed by somebody else.</summary>
    public static readonly StoreError InvalidToken = new(StoreErrorCode.Unauthenticated, "etcdserver: invalid auth token");

    /// <summary>Something that must not be done to root, or a permission for a range that makes no sense.</summary>
    public static readonly StoreError InvalidManagement = new(StoreErrorCode.InvalidArgument, "etcdserver: invalid auth management");

    /// <summary>Users, roles or permissions have changed since the user was recognised.</summary>
    public static readonly StoreError OldRevision = new(StoreErrorCode.InvalidArgument, "etcdserver: revision of auth store is old");
}
