using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Veche.Exploration;

namespace Veche.Cli;

/// <summary><c>veche explore</c>: every state that a few members can reach within bounds, with the protocol core that the server runs.</summary>
internal static class ExploreCommand
{
    private const int Violated = 1;
    private const int GaveUp = 2;
    private const int BadCommandLine = 3;

    private static readonly (string Name, MoveKind Kind)[] BoundNames =
    [
        ("--timeouts", MoveKind.TimeOut),
        ("--crashes", MoveKind.Crash),
        ("--proposals", MoveKind.Propose),
        ("--heartbeats", MoveKind.Heartbeat),
        ("--quorum-checks", MoveKind.CheckQuorum),
        ("--silences", MoveKind.Silence),
        ("--reads", MoveKind.Read),
        ("--changes", MoveKind.Change),
        ("--transfers", MoveKind.Transfer),
    ];

    public static Command Create()
    {
        var names = new Option<string[]>("--scenario") { Description = "Explore these, not all.", AllowMultipleArgumentsPerToken = true };
        names.AcceptOnlyFromAmong([.. Scenarios.All.Select(static scenario => scenario.Name)]);
        var list = new Option<bool>("--list") { Description = "Say what scenarios there are, and their bounds." };
        var maxStates = new Option<int>("--max-states") { Description = "States of one scenario after which to give up.", DefaultValueFactory = static _ => new ExploreLimits().MaxStates };
        var maxMemory = new Option<int>("--max-memory") { Description = "MiB after which to give up.", DefaultValueFactory = static _ => (int)(new ExploreLimits().MaxMemoryBytes >> 20) };
        var seconds = new Option<double?>("--seconds") { Description = "Time for all scenarios together, after which to give up." };
        var traceOut = new Option<string?>("--trace-out") { Description = "Write the way to a violation to this file too." };
        var noSymmetry = new Option<bool>("--no-symmetry") { Description = "Tell apart states that differ only in who is who." };
        var appends = new Option<int?>("--appends") { Description = "Another bound on arrivals of appends." };
        var terms = new Option<int?>("--terms") { Description = "Another last term." };
        (MoveKind Kind, Option<int?> Option)[] bounds = [.. BoundNames.Select(static bound => (bound.Kind, new Option<int?>(bound.Name) { Description = "Another bound on this kind of move." }))];
        var command = new Command("explore", "Try everything that can happen to a few members within bounds. Ends with 0 complete, 1 violated, 2 gave up at a limit, 3 bad command line.")
        {
            names, list, maxStates, maxMemory, seconds, traceOut, noSymmetry, terms, appends,
        };
        foreach ((_, Option<int?> option) in bounds)
        {
            command.Add(option);
        }

        command.SetAction(parsed =>
        {
            string[] wanted = parsed.GetValue(names) ?? [];
            Scenario[] scenarios =
            [
                .. Scenarios.All
                    .Where(scenario => wanted.Length == 0 || wanted.Contains(scenario.Name))
                    .Select(scenario => Bounded(scenario, parsed.GetValue(terms), parsed.GetValue(appends), bounds.Select(bound => (bound.Kind, parsed.GetValue(bound.Option))))),
            ];
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(list))
            {
                List(scenarios, output);
                return 0;
            }

            var limits = new ExploreLimits
            {
                MaxStates = parsed.GetValue(maxStates),
                MaxMemoryBytes = (long)parsed.GetValue(maxMemory) << 20,
                UseSymmetry = !parsed.GetValue(noSymmetry),
            };
            try
            {
                return Run(scenarios, limits, parsed.GetValue(seconds), parsed.GetValue(traceOut), output, parsed.InvocationConfiguration.Error);
            }
            catch (Exception exception) when (exception is ArgumentException or IOException or UnauthorizedAccessException)
            {
                parsed.InvocationConfiguration.Error.WriteLine($"veche explore: {exception.Message}");
                return BadCommandLine;
            }
        });
        return command;
    }

    private static Scenario Bounded(Scenario scenario, int? terms, int? appends, IEnumerable<(MoveKind Kind, int? Bound)> bounds)
    {
        var limits = new Dictionary<MoveKind, int>(scenario.Limits);
        IReadOnlyList<int> timeOutsAt = scenario.TimeOutsAt;
        foreach ((MoveKind kind, int? bound) in bounds)
        {
            if (bound is { } limit)
            {
                // A number of timeouts anywhere takes the place of given ones.
                timeOutsAt = kind == MoveKind.TimeOut ? [] : timeOutsAt;
                limits[kind] = limit;
            }
        }

        return scenario with { MaxTerm = terms ?? scenario.MaxTerm, MaxAppends = appends ?? scenario.MaxAppends, Limits = limits, TimeOutsAt = timeOutsAt };
    }

    private static void List(IEnumerable<Scenario> scenarios, TextWriter output)
    {
        foreach (Scenario scenario in scenarios)
        {
            string bounds = string.Join(", ", BoundNames.Where(bound => scenario.Limits.ContainsKey(bound.Kind)).Select(bound => $"{bound.Name} {scenario.Limits[bound.Kind]}"));
            output.WriteLine($"{scenario.Name,-14} {scenario.Description}");
            output.WriteLine($"{string.Empty,-14} {scenario.Voters} voters{(scenario.Joiners > 0 ? $" and {scenario.Joiners} to join" : string.Empty)}, --terms {scenario.MaxTerm}{(scenario.MaxAppends is { } appends ? $", --appends {appends}" : string.Empty)}{(scenario.TimeOutsAt.Count > 0 ? $", timeouts at {string.Join(", ", scenario.TimeOutsAt.Select(static place => place + 1))}" : string.Empty)}{(bounds.Length > 0 ? ", " + bounds : string.Empty)}{(scenario.SlowDisks ? ", slow disks" : string.Empty)}{(scenario.PreVote ? ", pre-vote" : string.Empty)}{(scenario.CheckQuorum ? ", check-quorum" : string.Empty)}");
        }
    }

    private static int Run(Scenario[] scenarios, ExploreLimits limits, double? seconds, string? traceOut, TextWriter output, TextWriter error)
    {
        long started = Stopwatch.GetTimestamp();
        int code = 0;
        long states = 0;
        output.WriteLine($"{"scenario",-14} {"states",12} {"transitions",13} {"depth",6} {"core steps",11} {"seconds",8}  result");
        foreach (Scenario scenario in scenarios)
        {
            long begun = Stopwatch.GetTimestamp();
            ExploreResult result = Explorer.Explore(scenario, limits with { GoOn = Asked(scenario.Name, seconds, started, error) });
            states += result.States;
            output.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{scenario.Name,-14} {result.States,12:N0} {result.Transitions,13:N0} {result.Depth,6} {result.CoreSteps,11:N0} {Stopwatch.GetElapsedTime(begun).TotalSeconds,8:F1}  {Text(result)}"));
            switch (result.Verdict)
            {
                case ExploreVerdict.Violated:
                    Tell(result, traceOut, output);
                    return Violated;
                case ExploreVerdict.NotReached:
                    code = Violated;
                    break;
                case ExploreVerdict.GaveUp:
                    code = code == 0 ? GaveUp : code;
                    break;
            }
        }

        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{states:N0} states in {Stopwatch.GetElapsedTime(started).TotalSeconds:F1} s: {(code == 0 ? "no violation within the bounds" : code == GaveUp ? "no violation found, and not everything was looked at" : "something that must be reached was not")}"));
        return code;
    }

    private static Func<ExploreProgress, bool> Asked(string scenario, double? seconds, long started, TextWriter error)
    {
        long shown = Stopwatch.GetTimestamp();
        return progress =>
        {
            if (Stopwatch.GetElapsedTime(shown).TotalSeconds >= 5)
            {
                shown = Stopwatch.GetTimestamp();
                error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{scenario}: {progress.States:N0} states, {progress.Waiting:N0} of them waiting, depth {progress.Depth}"));
            }

            return seconds is not { } limit || Stopwatch.GetElapsedTime(started).TotalSeconds < limit;
        };
    }

    private static string Text(ExploreResult result) => result.Verdict switch
    {
        ExploreVerdict.Complete => "complete, no violation",
        ExploreVerdict.Violated => "VIOLATED",
        ExploreVerdict.NotReached => $"complete, but {result.Reason}",
        _ => $"NOT COMPLETE: {result.Reason}",
    };

    private static void Tell(ExploreResult result, string? traceOut, TextWriter output)
    {
        string[] lines = [$"VIOLATED in scenario {result.Scenario.Name}: {result.Reason}", $"The shortest way there, {result.Depth} moves:", .. result.Trace];
        foreach (string line in lines)
        {
            output.WriteLine(line);
        }

        if (traceOut is not null)
        {
            File.WriteAllLines(traceOut, lines);
        }
    }
}
