using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using Veche.Cli.Memory;
using Veche.Hosting;
using Veche.Server;
using Veche.Server.Options;

namespace Veche.Cli;

/// <summary><c>veche serve</c>: one member, until it is told to stop.</summary>
internal static class ServeCommand
{
    private static readonly string[] HelpFlags = ["--help", "-h", "-help"];
    private static readonly string[] VersionFlags = ["--version", "-version"];

    /// <summary>For the list of commands; the flags have a parser of their own.</summary>
    public static Command Describe() => new("serve", "Run one member. Flags are etcd's; 'veche serve --help' lists them.");

    public static async Task<int> RunAsync(string[] arguments)
    {
        if (arguments.Any(HelpFlags.Contains))
        {
            Console.WriteLine("Run one member of a cluster.\n\nUsage:\n  veche serve [--flag=value ...]\n\nEach flag may also be given as VECHE_NAME or ETCD_NAME in the environment, or in a YAML file (--config-file).\n");
            Console.WriteLine(ServerOptionsParser.Help);
            return 0;
        }

        if (arguments.Any(VersionFlags.Contains))
        {
            Console.WriteLine(CalledAs.Name == "etcd" ? $"etcd Version: {VecheServer.EtcdInterfaceVersion}\nVeche Version: {VersionCommand.Version}" : $"veche {VersionCommand.Version}");
            return 0;
        }

        NativeHeap.Configure();
        ServerOptions options;
        try
        {
            options = ServerOptionsParser.Parse(arguments, Environment.GetEnvironmentVariable);
        }
        catch (OptionException exception)
        {
            return Fail(exception.Message);
        }

        using ILoggerFactory loggers = LoggerFactory.Create(logging => logging
            .SetMinimumLevel(LevelOf(options.LogLevel))
            .AddSimpleConsole(static console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
                console.UseUtcTimestamp = true;
                console.ColorBehavior = LoggerColorBehavior.Disabled;
            })
            .Services.Configure<ConsoleLoggerOptions>(static console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        var stop = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using PosixSignalRegistration terminate = OnSignal(PosixSignal.SIGTERM, stop);
        using PosixSignalRegistration interrupt = OnSignal(PosixSignal.SIGINT, stop);
        VecheServer server;
        try
        {
            server = await VecheServer.StartAsync(options, loggers).ConfigureAwait(false);
        }
        catch (ServerStartException exception)
        {
            return Fail(exception.Message);
        }

        await using (server.ConfigureAwait(false))
        {
            _ = StartMemory.GiveBackSoonAsync();
            Task parent = options.ParentProcessId is { } id ? ParentEndedAsync(id) : stop.Task;
            Task ended = await Task.WhenAny(stop.Task, parent, server.Failure).ConfigureAwait(false);
            if (ended == server.Failure)
            {
                Exception reason = await server.Failure.ConfigureAwait(false);

                // As etcd: a member that was removed has nothing left to do, and that is no failure.
                return reason is MemberExpelledException { Verdict: PeerVerdict.Removed } ? 0 : Fail(reason.Message);
            }

            await server.StopAsync().ConfigureAwait(false);
        }

        return 0;
    }

    private static PosixSignalRegistration OnSignal(PosixSignal signal, TaskCompletionSource stop) =>
        PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.TrySetResult();
        });

    private static async Task ParentEndedAsync(int id)
    {
        try
        {
            using Process parent = Process.GetProcessById(id);
            await parent.WaitForExitAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException)
        {
            // It has ended already.
        }
    }

    private static LogLevel LevelOf(string name) => name switch
    {
        "debug" => LogLevel.Debug,
        "info" => LogLevel.Information,
        "warn" => LogLevel.Warning,
        _ => LogLevel.Error,
    };

    private static int Fail(string message)
    {
        Console.Error.WriteLine($"veche: {message}");
        return 1;
    }
}
