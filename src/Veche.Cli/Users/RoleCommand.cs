using System.CommandLine;
using Veche.Api;
using Veche.Cli.Client;
using Veche.Cli.Keys;

namespace Veche.Cli.Users;

/// <summary><c>veche role</c>.</summary>
internal static class RoleCommand
{
    public static Command Create() => new("role", "Roles and what they allow.")
    {
        CreateAdd(),
        CreateDelete(),
        CreateGet(),
        new Command("list", "Show the roles.").Does(static async (context, cancellationToken) =>
        {
            AuthRoleListResponse response = await context.Connection.ReadAsync(static (member, options) => new Auth.AuthClient(member).RoleListAsync(new AuthRoleListRequest(), options), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.List(context.Output, "roles", response.Roles);
        }),
        CreateGrant(),
        CreateRevoke(),
    };

    private static Command CreateAdd()
    {
        Argument<string> role = Role();
        return new Command("add", "Add a role.") { role }.Does(async (context, cancellationToken) =>
        {
            var request = new AuthRoleAddRequest { Name = context.Parsed.GetRequiredValue(role) };
            await context.Connection.WriteAsync((member, options) => new Auth.AuthClient(member).RoleAddAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.Done(context.Output, $"Role {request.Name} created");
        });
    }

    private static Command CreateDelete()
    {
        Argument<string> role = Role();
        return new Command("delete", "Delete a role.") { role }.Does(async (context, cancellationToken) =>
        {
            var request = new AuthRoleDeleteRequest { Role = context.Parsed.GetRequiredValue(role) };
            await context.Connection.WriteAsync((member, options) => new Auth.AuthClient(member).RoleDeleteAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.Done(context.Output, $"Role {request.Role} deleted");
        });
    }

    private static Command CreateGet()
    {
        Argument<string> role = Role();
        return new Command("get", "Show what a role allows.") { role }.Does(async (context, cancellationToken) =>
        {
            var request = new AuthRoleGetRequest { Role = context.Parsed.GetRequiredValue(role) };
            AuthRoleGetResponse response = await context.Connection.ReadAsync((member, options) => new Auth.AuthClient(member).RoleGetAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            if (context.Output.Format == OutputFormat.Json)
            {
                context.Output.WriteJson(new RoleShape(request.Role, response.Perm.Select(static permission => new PermissionShape(Kind(permission), Texts.Printable(permission.Key), Texts.Printable(permission.RangeEnd)))), OutputJson.Lines.RoleShape);
            }
            else
            {
                context.Output.WriteTable(["allows", "key", "range end"], response.Perm.Select(static permission => (string[])[Kind(permission), Texts.Printable(permission.Key), Texts.Printable(permission.RangeEnd)]));
            }
        });
    }

    private static Command CreateGrant()
    {
        Argument<string> role = Role();
        var kind = new Argument<string>("KIND") { Description = "read, write or readwrite." };
        kind.AcceptOnlyFromAmong("read", "write", "readwrite");
        var command = new Command("grant-permission", "Let a role read or write keys.") { role, kind };
        var range = new KeyRangeArguments(command);
        return command.Does(async (context, cancellationToken) =>
        {
            KeyRange keys = range.Read(context.Parsed);
            var request = new AuthRoleGrantPermissionRequest
            {
                Name = context.Parsed.GetRequiredValue(role),
                Perm = new Permission { Key = keys.Key, RangeEnd = keys.End, PermType = Enum.Parse<Permission.Types.Type>(context.Parsed.GetRequiredValue(kind), ignoreCase: true) },
            };
            await context.Connection.WriteAsync((member, options) => new Auth.AuthClient(member).RoleGrantPermissionAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.Done(context.Output, $"Role {request.Name} updated");
        });
    }

    private static Command CreateRevoke()
    {
        Argument<string> role = Role();
        var command = new Command("revoke-permission", "Take a permission from a role; the range has to be the one that was granted.") { role };
        var range = new KeyRangeArguments(command);
        return command.Does(async (context, cancellationToken) =>
        {
            KeyRange keys = range.Read(context.Parsed);
            var request = new AuthRoleRevokePermissionRequest { Role = context.Parsed.GetRequiredValue(role), Key = keys.Key, RangeEnd = keys.End };
            await context.Connection.WriteAsync((member, options) => new Auth.AuthClient(member).RoleRevokePermissionAsync(request, options), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.Done(context.Output, $"Role {request.Role} updated");
        });
    }

    private static string Kind(Permission permission) => permission.PermType.ToString().ToLowerInvariant();

    private static Argument<string> Role() => new("ROLE") { Description = "The role." };
}
