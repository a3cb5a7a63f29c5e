using Veche.Api;
using Veche.Api.Commands;
using Veche.Store.Auth;
using static Veche.Store.Tests.Auth.AuthCommands;
using static Veche.Store.Tests.StoreHarness;

namespace Veche.Store.Tests.Auth;

/// <summary>What may be done to users and roles, and what is answered when it may not.</summary>
public sealed class UsersAndRolesTests
{
    public static TheoryData<string, AuthCommand, StoreError> Refusals => new()
    {
        { "user without a name", AddUser(string.Empty), AuthErrors.UserEmpty },
        { "user twice", AddUser("alice"), AuthErrors.UserExists },
        { "user without a hash", new AuthCommand { UserAdd = new AuthUserAddRequest { Name = "new", HashedPassword = "not base64" } }, AuthErrors.NoPasswordUser },
        { "delete a stranger", DeleteUser("stranger"), AuthErrors.UserNotFound },
        { "delete root", DeleteUser("root"), AuthErrors.InvalidManagement },
        { "a stranger's password", ChangePassword("stranger", "x"), AuthErrors.UserNotFound },
        { "grant to a stranger", GrantRole("stranger", "reader"), AuthErrors.UserNotFound },
        { "grant a strange role", GrantRole("alice", "strange"), AuthErrors.RoleNotFound },
        { "revoke from a stranger", RevokeRole("stranger", "reader"), AuthErrors.UserNotFound },
        { "revoke what is not there", RevokeRole("alice", "root"), AuthErrors.RoleNotGranted },
        { "take root from root", RevokeRole("root", "root"), AuthErrors.InvalidManagement },
        { "role without a name", AddRole(string.Empty), AuthErrors.RoleEmpty },
        { "role twice", AddRole("reader"), AuthErrors.RoleExists },
        { "delete a strange role", DeleteRole("strange"), AuthErrors.RoleNotFound },
        { "delete the role root", DeleteRole("root"), AuthErrors.InvalidManagement },
        { "permission for a strange role", Grant("strange", Permission.Types.Type.Read, "a"), AuthErrors.RoleNotFound },
        { "no permission", new AuthCommand { RoleGrantPermission = new AuthRoleGrantPermissionRequest { Name = "reader" } }, AuthErrors.PermissionNotGiven },
        { "permission without a key", Grant("reader", Permission.Types.Type.Read, string.Empty), AuthErrors.InvalidManagement },
        { "permission the wrong way round", Grant("reader", Permission.Types.Type.Read, "b", "a"), AuthErrors.InvalidManagement },
        { "revoke from a strange role", Revoke("strange", "a"), AuthErrors.RoleNotFound },
        { "revoke half a permission", Revoke("reader", "a", "b"), AuthErrors.PermissionNotGranted },
        { "nothing", new AuthCommand(), StoreErrors.UnknownCommand },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void What_cannot_be_done_is_refused_and_changes_nothing(string what, AuthCommand command, StoreError expected)
    {
        Assert.NotEmpty(what);
        using StoreHarness store = Enabled();
        AuthView before = store.Store.Auth;
        Assert.Equal(expected, store.Auth(command, "root"));
        Assert.Same(before, store.Store.Auth);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Only_administrators_may_do_any_of_it(string what, AuthCommand command, StoreError expected)
    {
        Assert.NotEmpty(what);
        Assert.NotNull(expected);
        using StoreHarness store = Enabled();
        Assert.Equal(AuthErrors.PermissionDenied, store.Auth(command, "alice"));
        Assert.Equal(AuthErrors.UserNotFound, store.Auth(command, "stranger"));
        Assert.Equal(AuthErrors.UserEmpty, store.Auth(command));
        Assert.Equal(AuthErrors.UserEmpty, store.Auth(command, string.Empty));
    }

    [Fact]
    public void Authentication_needs_root_before_it_is_turned_on()
    {
        using StoreHarness store = InMemory();
        Assert.Equal(AuthErrors.RootUserNotFound, store.Auth(Enable()));
        store.Auth(AddUser("root"));
        Assert.Equal(AuthErrors.RootRoleNotGranted, store.Auth(Enable()));

        // The role root need not have been added: it may do everything anyway.
        store.Auth(GrantRole("root", "root"));
        Assert.IsType<AuthEnableResponse>(store.Auth(Enable()));
        Assert.True(store.Store.Auth.IsEnabled);
        Assert.IsType<AuthEnableResponse>(store.Auth(Enable(), "root"));
        Assert.IsType<AuthDisableResponse>(store.Auth(Disable(), "root"));
        Assert.False(store.Store.Auth.IsEnabled);
        Assert.IsType<AuthDisableResponse>(store.Auth(Disable()));
    }

    [Fact]
    public void Every_change_but_turning_it_on_gives_a_new_revision()
    {
        using StoreHarness store = InMemory();
        Assert.Equal(1UL, store.Store.Auth.Revision);
        ulong expected = 1;
        foreach (AuthCommand command in (AuthCommand[])
        [
            AddUser("root"), GrantRole("root", "root"), AddRole("r"), Grant("r", Permission.Types.Type.Read, "a"), Revoke("r", "a"), AddUser("u"),
            GrantRole("u", "r"), RevokeRole("u", "r"), ChangePassword("u", "x"), DeleteUser("u"), DeleteRole("r"),
        ])
        {
            store.Auth(command);
            Assert.Equal(++expected, store.Store.Auth.Revision);
        }

        // Granted already; on, and on again; off, and off again.
        store.Auth(GrantRole("root", "root"));
        store.Auth(Enable());
        store.Auth(Enable(), "root");
        Assert.Equal(expected, store.Store.Auth.Revision);
        store.Auth(Disable(), "root");
        store.Auth(Disable(), "root");
        Assert.Equal(expected + 1, store.Store.Auth.Revision);
    }

    [Fact]
    public void While_it_is_off_root_is_like_everybody()
    {
        using StoreHarness store = Enabled();
        store.Auth(Disable(), "root");
        Assert.IsType<AuthUserRevokeRoleResponse>(store.Auth(RevokeRole("root", "root")));
        Assert.IsType<AuthUserDeleteResponse>(store.Auth(DeleteUser("root")));
        store.Auth(AddRole("root"));
        Assert.IsType<AuthRoleDeleteResponse>(store.Auth(DeleteRole("root")));
    }

    [Fact]
    public void A_role_that_is_deleted_is_taken_from_its_users()
    {
        using StoreHarness store = Enabled();
        store.Auth(DeleteRole("reader"), "root");
        Assert.Equal(["writer"], store.Store.Auth.Users["alice"].Roles);
        Assert.Equal(["writer"], store.Store.Auth.Roles.Keys);
    }

    [Fact]
    public void A_permission_that_is_granted_again_is_changed()
    {
        using StoreHarness store = Enabled();
        store.Auth(Grant("reader", Permission.Types.Type.Readwrite, "c", "e"), "root");
        store.Auth(Grant("reader", Permission.Types.Type.Read, "b"), "root");
        Assert.Equal(["a Read", "b Read", "c Readwrite"], store.Store.Auth.Roles["reader"].KeyPermission.Select(static permission => $"{permission.Key.ToStringUtf8()} {permission.PermType}"));
    }

    [Fact]
    public void A_user_without_a_password_never_gets_one()
    {
        using StoreHarness store = Enabled();
        store.Auth(AddUser("cert", noPassword: true), "root");
        Assert.IsType<AuthUserChangePasswordResponse>(store.Auth(ChangePassword("cert", "x"), "root"));
        Assert.True(store.Store.Auth.Users["cert"].Password.IsEmpty);
        store.Auth(ChangePassword("alice", "new"), "root");
        Assert.Equal("new", store.Store.Auth.Users["alice"].Password.ToStringUtf8());
    }

    [Fact]
    public void Within_a_batch_later_commands_see_what_earlier_ones_did()
    {
        using StoreHarness store = Enabled();
        Caller alice = store.By("alice");
        Caller root = store.By("root");
        List<object> results = store.DoAll(
        [
            new Command { Put = new PutRequest { Key = B("b") }, Caller = alice },
            new Command { Auth = RevokeRole("alice", "writer"), Caller = root },
            new Command { Put = new PutRequest { Key = B("b") }, Caller = alice },
            new Command { Put = new PutRequest { Key = B("b") }, Caller = new Caller { User = "alice", Revision = alice.Revision + 1 } },
        ]);
        Assert.IsType<PutResponse>(results[0]);
        Assert.IsType<AuthUserRevokeRoleResponse>(results[1]);
        Assert.Equal(AuthErrors.OldRevision, results[2]);
        Assert.Equal(AuthErrors.PermissionDenied, results[3]);
    }
}
