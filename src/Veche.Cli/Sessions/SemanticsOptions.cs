using System.CommandLine;
using Veche.Cli.Client;
using Veche.Server.Semantics;

namespace Veche.Cli.Sessions;

/// <summary>What etcd cannot be asked for, on the command line; in metadata on the wire.</summary>
internal sealed class SemanticsOptions
{
    private static readonly string[] Told = ["veche-reached", "veche-revision", "veche-age-ms", "veche-token", "veche-warning", "veche-outcome"];

    private readonly Option<string?> _consistency = new("--consistency") { Description = "linearizable, lease, session, causal, bounded:revisions=N,ms=M or stale; shows revision, age and token on the error stream." };
    private readonly Option<string?> _after = new("--after") { Description = "Show at least what this token names." };
    private readonly Option<string?> _session = new("--session") { Description = "Do it once, however often it is repeated in this session under the same --sequence." };
    private readonly Option<long> _sequence = new("--sequence") { Description = "The number of the request in its session, from 1 up." };

    private readonly Option<string?> _concern = new("--write-concern") { Description = "none, leader, leader+fsync, majority-memory, majority, all, a number, zones:N or any:K(NAME,NAME), each also with +applied: what the write must have reached before it is answered; shows on the error stream what it has." };
    private readonly Option<int> _timeout = new("--write-timeout-ms") { Description = "How long to wait for it, in milliseconds." };

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
        command.Options.Add(options._concern);
        command.Options.Add(options._timeout);
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

        if (context.Parsed.GetValue(_concern) is { } concern)
        {
            // What it may be depends on the cluster (its zones, its members' names): the member says what is wrong with it.
            context.Connection.Say("veche-write-concern", concern);
        }

        if (context.Parsed.GetResult(_timeout) is not null)
        {
            int milliseconds = context.Parsed.GetValue(_timeout);
            context.Connection.Say("veche-write-timeout-ms", milliseconds > 0 ? Texts.Number(milliseconds) : throw new CommandFailedException(ExitCode.Usage, "--write-timeout-ms is a number of milliseconds from 1 up"));
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

    /// <summary>Sends a write with what was asked for; again at another member where a session makes that safe.</summary>
    public Task<TResponse> WriteAsync<TResponse>(ClientContext context, Connection.Call<TResponse> call, Need need, CancellationToken cancellationToken) =>
        Say(context) ? context.Connection.ReadAsync(call, need, cancellationToken) : context.Connection.WriteAsync(call, need, cancellationToken);

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
