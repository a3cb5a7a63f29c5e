using System.CommandLine;
using System.Runtime.InteropServices;
using Spectre.Console;

namespace Veche.Cli.Dev;

/// <summary><c>veche dev</c>: a cluster on this machine, each member a process of its own.</summary>
internal static class DevCommand
{
    private const int DefaultBasePort = 2379;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    public static Command Create()
    {
        var nodes = new Option<int>("--nodes") { Description = $"How many members, 1 to {DevLayout.MaxNodes}.", DefaultValueFactory = static _ => 3 };
        var basePort = new Option<int>("--base-port") { Description = "Client port of the first member; its peer port is the next. The others are at +20000, +30000, ….", DefaultValueFactory = static _ => DefaultBasePort };
        var directory = new Option<string>("--data-dir") { Description = "Where the members keep their data.", DefaultValueFactory = static _ => ".veche" };
        var memory = new Option<bool>("--memory") { Description = "Keep nothing on disk." };
        var command = new Command("dev", "Start a cluster on this machine: three members at ports 2379, 22379 and 32379 for any etcd client.") { nodes, basePort, directory, memory };
        command.SetAction(async (parsed, _) => await RunAsync(parsed.GetValue(nodes), parsed.GetValue(basePort), parsed.GetValue(memory) ? null : Path.GetFullPath(parsed.GetValue(directory)!)).ConfigureAwait(false));
        return command;
    }

    private static async Task<int> RunAsync(int nodes, int basePort, string? directory)
    {
        if (nodes is < 1 or > DevLayout.MaxNodes || basePort is < 1024 or > 65_000)
        {
            await Console.Error.WriteLineAsync(nodes is < 1 or > DevLayout.MaxNodes
                ? $"veche: --nodes is from 1 to {DevLayout.MaxNodes}, not {nodes}"
                : $"veche: --base-port is from 1024 to 65000, not {basePort}").ConfigureAwait(false);
            return 2;
        }

        IReadOnlyList<DevMember> members = DevLayout.Of(nodes, basePort, directory);
        IReadOnlyList<int> taken = DevLayout.PortsInUse(members);
        if (taken.Count > 0)
        {
            await Console.Error.WriteLineAsync($"veche: port {string.Join(", ", taken)} is in use; stop what listens there, or choose another --base-port").ConfigureAwait(false);
            return 1;
        }

        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupt = OnSignal(PosixSignal.SIGINT, stop);
        using PosixSignalRegistration terminate = OnSignal(PosixSignal.SIGTERM, stop);
        using var cluster = new DevCluster(members);
        cluster.Start();
        bool hasTerminal = !Console.IsOutputRedirected && !Console.IsInputRedirected && AnsiConsole.Profile.Capabilities.Ansi;
        try
        {
            await (hasTerminal ? ShowTableAsync(cluster, stop) : PrintLinesAsync(cluster, directory, stop.Token)).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }

        Console.WriteLine("stopping");
        await cluster.StopAsync().ConfigureAwait(false);
        Console.WriteLine("stopped");
        return 0;
    }

    private static PosixSignalRegistration OnSignal(PosixSignal signal, CancellationTokenSource stop) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        });

    private static async Task PrintLinesAsync(DevCluster cluster, string? directory, CancellationToken cancellationToken)
    {
        Console.WriteLine($"endpoints: {cluster.Endpoints}");
        Console.WriteLine(directory is null ? "data: in memory" : $"data: {directory}");
        IReadOnlyList<DevMemberState>? before = null;
        using var timer = new PeriodicTimer(LookInterval);
        do
        {
            IReadOnlyList<DevMemberState> now = await cluster.LookAsync(cancellationToken).ConfigureAwait(false);
            foreach (string line in DevLines.Changes(before, now))
            {
                Console.WriteLine(line);
            }

            before = now;
        }
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false));
    }

    private static async Task ShowTableAsync(DevCluster cluster, CancellationTokenSource stop)
    {
        string note = string.Empty;
        IReadOnlyList<DevMemberState> states = await cluster.LookAsync(stop.Token).ConfigureAwait(false);
        await AnsiConsole.Live(DevTable.Draw(states, cluster.Endpoints, note)).AutoClear(true).StartAsync(async live =>
        {
            using var timer = new PeriodicTimer(LookInterval);
            do
            {
                while (Console.KeyAvailable)
                {
                    switch (char.ToLowerInvariant(Console.ReadKey(intercept: true).KeyChar))
                    {
                        case 'k':
                            note = cluster.KillLeader(states) is { } killed ? $"killed {killed}" : "there is no leader to kill";
                            break;
                        case 'r':
                            note = cluster.KeepsNothing
                                ? "a member without a disk has forgotten what it promised and cannot come back: begin anew, or without --memory"
                                : cluster.StartOneThatIsDown() is { } started ? $"started {started}" : "all members run";
                            break;
                        case 'q':
                            await stop.CancelAsync().ConfigureAwait(false);
                            return;
                    }
                }

                states = await cluster.LookAsync(stop.Token).ConfigureAwait(false);
                live.UpdateTarget(DevTable.Draw(states, cluster.Endpoints, note));
            }
            while (await timer.WaitForNextTickAsync(stop.Token).ConfigureAwait(false));
        }).ConfigureAwait(false);
    }
}
