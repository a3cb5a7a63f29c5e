namespace Veche.Cli.Client;

/// <summary>What the commands that speak to a cluster end with. Scripts decide by them: they are documented in docs/cli.md.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The cluster refused, or what was asked for is not so.</summary>
    public const int Refused = 1;

    /// <summary>The command line cannot be understood; nothing was sent.</summary>
    public const int Usage = 2;

    /// <summary>A write was sent, and nobody knows whether it happened.</summary>
    public const int OutcomeUnknown = 3;

    /// <summary>No endpoint answered in time; nothing happened.</summary>
    public const int Unreachable = 4;

    /// <summary>Who asks is not known, or may not.</summary>
    public const int NotAllowed = 5;
}

/// <summary>Ends a command.</summary>
/// <param name="code">An <see cref="ExitCode"/>.</param>
/// <param name="message">What is wrong and what to do next, for a person.</param>
internal sealed class CommandFailedException(int code, string message) : Exception(message)
{
    public int Code => code;
}
