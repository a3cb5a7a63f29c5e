using System.CommandLine;
using Veche.Api;
using Veche.Cli.Client;

namespace Veche.Cli.Users;

/// <summary><c>veche auth</c>.</summary>
internal static class AuthCommand
{
    public static Command Create() => new("auth", "Authentication: on, off, or how it is.")
    {
        new Command("enable", "Ask everybody who they are. There has to be a user root with the role root.").Does(static async (context, cancellationToken) =>
        {
            await context.Connection.WriteAsync(static (member, options) => new Auth.AuthClient(member).AuthEnableAsync(new AuthEnableRequest(), options), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.Done(context.Output, "Authentication Enabled");
        }),
        new Command("disable", "Let everybody do everything.").Does(static async (context, cancellationToken) =>
        {
            await context.Connection.WriteAsync(static (member, options) => new Auth.AuthClient(member).AuthDisableAsync(new AuthDisableRequest(), options), Need.Root, cancellationToken).ConfigureAwait(false);
            NameOutput.Done(context.Output, "Authentication Disabled");
        }),
        new Command("status", "Show whether it is on.").Does(static async (context, cancellationToken) =>
        {
            AuthStatusResponse response = await context.Connection.ReadAsync(static (member, options) => new Auth.AuthClient(member).AuthStatusAsync(new AuthStatusRequest(), options), Need.Root, cancellationToken).ConfigureAwait(false);
            if (context.Output.Format == OutputFormat.Json)
            {
                context.Output.WriteJson(new AuthShape(response.Enabled, response.AuthRevision), OutputJson.Lines.AuthShape);
                return;
            }

            context.Output.WriteLine($"Authentication Status: {(response.Enabled ? "true" : "false")}");
            context.Output.WriteLine($"AuthRevision: {response.AuthRevision}");
        }),
    };
}
