using System.CommandLine;
using Spectre.Console;

namespace Veche.Cli.Client;

/// <summary>What a command works with that speaks to a cluster.</summary>
/// <param name="Parsed">Its command line.</param>
/// <param name="Connection">To the cluster.</param>
/// <param name="Output">For answers.</param>
/// <param name="Error">For everything else a person should know.</param>
internal sealed record ClientContext(ParseResult Parsed, Connection Connection, Output Output, TextWriter Error);

/// <summary>Makes commands that speak to a cluster: the common options, the connection, failures in words, exit codes.</summary>
internal static class ClientAction
{
    /// <summary>Gives a command the common options and an action.</summary>
    /// <returns>The command.</returns>
    public static Command Does(this Command command, Func<ClientContext, CancellationToken, Task<int>> action, OutputFormat? standard = null)
    {
        ConnectionOptions.AddTo(command);
        command.Options.Add(OutputOption.Format);
        command.SetAction((parsed, cancellationToken) => RunAsync(parsed, standard, action, cancellationToken));
        return command;
    }

    /// <summary>As above, for commands that end with 0 when they end well.</summary>
    public static Command Does(this Command command, Func<ClientContext, CancellationToken, Task> action) => command.Does(async (context, cancellationToken) =>
    {
        await action(context, cancellationToken).ConfigureAwait(false);
        return ExitCode.Done;
    });

    /// <summary>Whether a command is one of these: their usage errors end with <see cref="ExitCode.Usage"/>.</summary>
    public static bool IsOn(Command command) => command.Options.Contains(ConnectionOptions.Endpoints);

    private static async Task<int> RunAsync(ParseResult parsed, OutputFormat? standard, Func<ClientContext, CancellationToken, Task<int>> action, CancellationToken cancellationToken)
    {
        TextWriter error = parsed.InvocationConfiguration.Error;
        try
        {
            UnknownOptions.Refuse(parsed);
            ConnectionSettings settings = ConnectionOptions.Read(parsed, Environment.GetEnvironmentVariable, AskPassword);
            using var connection = new Connection(settings);
            var output = new Output(parsed.InvocationConfiguration.Output, OutputOption.Of(parsed, standard));
            return await action(new ClientContext(parsed, connection, output, error), cancellationToken).ConfigureAwait(false);
        }
        catch (CommandFailedException exception)
        {
            await error.WriteLineAsync($"veche: {exception.Message}").ConfigureAwait(false);
            return exception.Code;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await error.WriteLineAsync("veche: interrupted; nothing was written").ConfigureAwait(false);
            return ExitCode.Refused;
        }
    }

    /// <summary>Asks on the error stream, so that the answers can go to a file.</summary>
    public static string? AskPassword(string user)
    {
        if (Console.IsInputRedirected || Console.IsErrorRedirected)
        {
            return null;
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Prompt(new TextPrompt<string>($"Password of {Markup.Escape(user)}:").Secret(null).AllowEmpty());
    }
}
