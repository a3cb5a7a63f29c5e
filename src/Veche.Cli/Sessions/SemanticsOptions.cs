using System.CommandLine;
using Veche.Cli.Client;
using Veche.Server.Semantics;

namespace Veche.Cli.Sessions;

/// <summary>What etcd cannot be asked for, on the command line; in metadata on the wire.</summary>
internal sealed class SemanticsOptions
{
    private static readonly string[] Told = ["veche-revision", "veche-age-ms", "veche-token", "veche-warning"];

    private readonly Option<string?> _consistency = new("--consistency") { Description = "linearizable, lease, session, causal, bounded:revisions=N,ms=M or stale; shows revision, age and token on the error stream." };
    private readonly Option<string?> _after = new("--after") { Description = "Show at least what this token names." };
    private readonly Option<string?> _session = new("--session") { Description = "Do it once, however often it is repeated in this session under the same --sequence." };
    private readonly Option<long> _sequence = new("--sequence") { Description = "The number of the request in its session, from 1 up." };

    private SemanticsOptions()
    {
    }

    public static SemanticsOptions OfReads(Command command)
    {
        var options = new SemanticsOptions();
        command.Options.Add(options._consistency);
        command.Options.Add(options._after);
        return options;
    }

    public static SemanticsOptions OfWrites(Command command)
    {
        var options = new SemanticsOptions();
        command.Options.Add(options._session);
        command.Options.Add(options._sequence);
        return options;
    }

    /// <summary>Says it with every call from now on.</summary>
    /// <returns>True when the write may be repeated: it is done once anyway.</returns>
    public bool Say(ClientContext context)
    {
        if (context.Parsed.GetValue(_consistency) is { } consistency)
        {
            try
            {
                context.Connection.Say("veche-read-concern", ReadConcern.Parse(consistency).ToString());
            }
            catch (FormatException exception)
            {
                throw new CommandFailedException(ExitCode.Usage, $"--consistency: {exception.Message}");
            }
        }

        if (context.Parsed.GetValue(_after) is { } after)
        {
            context.Connection.Say("veche-after", after);
        }

        string? session = context.Parsed.GetValue(_session);
        long sequence = context.Parsed.GetValue(_sequence);
        if (session is null != (sequence == 0))
        {
            throw new CommandFailedException(ExitCode.Usage, "--session and --sequence go together: `veche session open` shows the first, the second counts from 1");
        }

        if (session is not null)
        {
            context.Connection.Say("veche-session", session);
            context.Connection.Say("veche-sequence", Texts.Number(sequence));
        }

        return session is not null;
    }

    /// <summary>Shows what was said beside the reply, where something was asked for.</summary>
    public static void Tell(ClientContext context)
    {
        foreach (string name in Told)
        {
            if (context.Connection.Trailers.GetValue(name) is { } value)
            {
                context.Error.WriteLine($"{name["veche-".Length..]}: {value}");
            }
        }
    }
}
