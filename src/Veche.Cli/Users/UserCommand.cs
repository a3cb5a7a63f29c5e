using System.CommandLine;
using Veche.Api;
using Veche.Cli.Client;

namespace Veche.Cli.Users;

/// <summary><c>veche user</c>.</summary>
internal static class UserCommand
{
    public static Command Create() => new("user", "Users and their roles.")
    {
        CreateAdd(),
        CreateGet(),
        new Command("list", "Show the users.").Does(static async (context, cancellationToken) =>
        {
            AuthUserListResponse response = await context.Connection.ReadAsync(static (member, options) => new Auth.AuthClient(member).UserListAsync(new AuthUserListRequest(), options), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.List(context.Output, "users", response.Users);
        }),
        Named("delete", "Delete a user.", "deleted", static (member, options, name) => new Auth.AuthClient(member).UserDeleteAsync(new AuthUserDeleteRequest { Name = name }, options)),
        CreatePassword(),
        WithRole("grant-role", "Give a user a role.", "granted to", static (member, options, name, role) => new Auth.AuthClient(member).UserGrantRoleAsync(new AuthUserGrantRoleRequest { User = name, Role = role }, options)),
        WithRole("revoke-role", "Take a role from a user.", "revoked from", static (member, options, name, role) => new Auth.AuthClient(member).UserRevokeRoleAsync(new AuthUserRevokeRoleRequest { Name = name, Role = role }, options)),
    };

    private static Command CreateAdd()
    {
        Argument<string> name = Name();
        Option<string?> password = NewPassword();
        var none = new Option<bool>("--no-password") { Description = "It is known by the common name of its certificate only." };
        return new Command("add", "Add a user.") { name, password, none }.Does(async (context, cancellationToken) =>
        {
            bool withoutPassword = context.Parsed.GetValue(none);
            string user = context.Parsed.GetRequiredValue(name);
            var request = new AuthUserAddRequest { Name = user, Options = new UserAddOptions { NoPassword = withoutPassword } };
            request.Password = withoutPassword ? string.Empty : Password(context, user, password);
            await context.Connection.WriteAsync((member, options) => new Auth.AuthClient(member).UserAddAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.Done(context.Output, $"User {user} created");
        });
    }

    private static Command CreatePassword()
    {
        Argument<string> name = Name();
        Option<string?> password = NewPassword();
        return new Command("passwd", "Set a user's password.") { name, password }.Does(async (context, cancellationToken) =>
        {
            string user = context.Parsed.GetRequiredValue(name);
            var request = new AuthUserChangePasswordRequest { Name = user, Password = Password(context, user, password) };
            await context.Connection.WriteAsync((member, options) => new Auth.AuthClient(member).UserChangePasswordAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.Done(context.Output, "Password updated");
        });
    }

    private static Command CreateGet()
    {
        Argument<string> name = Name();
        return new Command("get", "Show a user's roles.") { name }.Does(async (context, cancellationToken) =>
        {
            string user = context.Parsed.GetRequiredValue(name);
            AuthUserGetResponse response = await context.Connection.ReadAsync((member, options) => new Auth.AuthClient(member).UserGetAsync(new AuthUserGetRequest { Name = user }, options), Need.Root, cancellationToken).ConfigureAwait(false);
            if (context.Output.Format == OutputFormat.Json)
            {
                context.Output.WriteJson(new UserShape(user, response.Roles), OutputJson.Lines.UserShape);
                return;
            }

            context.Output.WriteLine($"User: {user}");
            context.Output.WriteLine($"Roles: {string.Join(' ', response.Roles)}");
        });
    }

    private static Command Named<T>(string verb, string description, string done, Func<Grpc.Core.CallInvoker, Grpc.Core.CallOptions, string, Grpc.Core.AsyncUnaryCall<T>> call)
    {
        Argument<string> name = Name();
        return new Command(verb, description) { name }.Does(async (context, cancellationToken) =>
        {
            string user = context.Parsed.GetRequiredValue(name);
            await context.Connection.WriteAsync((member, options) => call(member, options, user), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.Done(context.Output, $"User {user} {done}");
        });
    }

    private static Command WithRole<T>(string verb, string description, string done, Func<Grpc.Core.CallInvoker, Grpc.Core.CallOptions, string, string, Grpc.Core.AsyncUnaryCall<T>> call)
    {
        Argument<string> name = Name();
        var role = new Argument<string>("ROLE") { Description = "The role." };
        return new Command(verb, description) { name, role }.Does(async (context, cancellationToken) =>
        {
            string user = context.Parsed.GetRequiredValue(name);
            string given = context.Parsed.GetRequiredValue(role);
            await context.Connection.WriteAsync((member, options) => call(member, options, user, given), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.Done(context.Output, $"Role {given} {done} user {user}");
        });
    }

    private static string Password(ClientContext context, string user, Option<string?> option) =>
        context.Parsed.GetValue(option) ?? ClientAction.AskPassword(user) ?? throw new CommandFailedException(ExitCode.Usage, "no terminal to ask for the new password at: use --new-user-password");

    private static Argument<string> Name() => new("NAME") { Description = "The user." };

    private static Option<string?> NewPassword() => new("--new-user-password") { Description = "The new password; asked for at a terminal when it is left out." };
}
