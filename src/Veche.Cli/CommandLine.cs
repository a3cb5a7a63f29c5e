using System.CommandLine;
using Veche.Cli.Audit;
using Veche.Cli.Client;
using Veche.Cli.Dev;
using Veche.Cli.Keys;
using Veche.Cli.Leases;
using Veche.Cli.Members;
using Veche.Cli.Plan;
using Veche.Cli.Rollbacks;
using Veche.Cli.Sessions;
using Veche.Cli.Simulate;
using Veche.Cli.Snapshots;
using Veche.Cli.Status;
using Veche.Cli.Transactions;
using Veche.Cli.Users;
using Veche.Cli.Watches;

namespace Veche.Cli;

/// <summary>All commands.</summary>
internal static class CommandLine
{
    public static RootCommand Create() => new("Veche: consensus, and a coordination store that speaks the etcd v3 API.")
    {
        AuthCommand.Create(),
        CheckCommand.Create(),
        CompletionCommand.Create(),
        KeyCommands.CreateDelete(),
        DevCommand.Create(),
        ExploreCommand.Create(),
        KeyCommands.CreateGet(),
        LeaseCommand.Create(),
        MemberCommand.Create(),
        PlanCommand.Create(),
        SessionCommands.CreateOutcome(),
        KeyCommands.CreatePut(),
        SnapshotCommand.CreateRestore(),
        RoleCommand.Create(),
        RollbackCommand.Create(),
        AuditCommand.Create(),
        ServeCommand.Describe(),
        SimulateCommand.Create(),
        SessionCommands.CreateSession(),
        SnapshotCommand.Create(),
        StatusCommand.Create(),
        TxnCommand.Create(),
        UserCommand.Create(),
        VersionCommand.Create(),
        WatchCommand.Create(),
    };

    /// <summary>Runs one.</summary>
    /// <param name="args">The command line.</param>
    /// <param name="configuration">Where answers go; null for the console.</param>
    /// <param name="cancellationToken">Interrupts it, as Ctrl-C does.</param>
    /// <returns>What the process ends with.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, InvocationConfiguration? configuration = null, CancellationToken cancellationToken = default)
    {
        ParseResult parsed = Create().Parse(args);
        int code = CheckCommand.ExitCodeOf(parsed, await parsed.InvokeAsync(configuration, cancellationToken).ConfigureAwait(false));
        return parsed.Errors.Count > 0 && ClientAction.IsOn(parsed.CommandResult.Command) ? ExitCode.Usage : code;
    }
}
