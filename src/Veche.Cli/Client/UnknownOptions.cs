using System.CommandLine;
using System.CommandLine.Parsing;

namespace Veche.Cli.Client;

/// <summary>The parser takes an option that it does not know for an argument: a misspelt <c>--prefix</c> would be the end of a range.</summary>
internal static class UnknownOptions
{
    /// <exception cref="CommandFailedException">An argument looks like an option, and no <c>--</c> says that it is none.</exception>
    public static void Refuse(ParseResult parsed)
    {
        if (parsed.Tokens.Any(static token => token.Type == TokenType.DoubleDash))
        {
            return;
        }

        if (parsed.CommandResult.Tokens.FirstOrDefault(static token => token.Value.Length > 1 && token.Value[0] == '-') is { } unknown)
        {
            throw new CommandFailedException(ExitCode.Usage, $"there is no option {unknown.Value}; `veche {parsed.CommandResult.Command.Name} --help` shows those there are. Put -- in front of keys and values that begin with a dash");
        }
    }
}
