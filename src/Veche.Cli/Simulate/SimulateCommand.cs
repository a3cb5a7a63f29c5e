using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Veche.Cli.Simulate.Report;
using Veche.Simulation;
using Veche.Simulation.Faults;
using Veche.Simulation.Tracing;

namespace Veche.Cli.Simulate;

/// <summary><c>veche sim</c>: whole clusters in virtual time, every fault, one seed each.</summary>
internal static class SimulateCommand
{
    public static Command Create()
    {
        var seed = new Option<ulong?>("--seed") { Description = "Simulate this one seed." };
        var seeds = new Option<string?>("--seeds") { Description = "Simulate these seeds, such as 1..1000." };
        var minutes = new Option<double?>("--minutes") { Description = "Simulate fresh seeds for so long." };
        var nodes = new Option<int?>("--nodes") { Description = "Members at the start, 1 to 7 (default: drawn from the seed)." };
        var faults = new Option<string?>("--faults") { Description = $"Only these faults, separated by commas, or none: {string.Join(", ", FaultPlan.Kinds)}." };
        var trace = new Option<bool>("--trace") { Description = "Print one line for each event of each member." };
        var jobs = new Option<int>("--jobs") { Description = "Worlds at a time.", DefaultValueFactory = static _ => Environment.ProcessorCount };
        var scenario = new Option<string?>("--scenario") { Description = $"Look hard at one part: {string.Join("; ", Scenarios.Names.Select(static name => $"{name}, {Scenarios.Describe(name)}"))}." };
        var hashes = new Option<bool>("--hashes") { Description = "Print the event hash of each seed, to compare with another process." };
        var bench = new Option<bool>("--bench") { Description = "Measure: five members, about 100 operations a second, all faults, on one thread." };
        var untilViolation = new Option<bool>("--until-violation") { Description = "Begin no further world after the first violation." };
        var report = new Option<string?>("--report") { Description = "Write a page that shows the world to this file: of many seeds, the first that shows a violation, or else the first." };
        var reportEvents = new Option<int>("--report-events") { Description = "At most so many of the last messages, operations and moved indexes in the page.", DefaultValueFactory = static _ => 100_000 };
        var command = new Command("sim", "Simulate clusters under faults, each from one seed, and judge what they did.") { seed, seeds, minutes, nodes, faults, trace, jobs, untilViolation, bench, scenario, hashes, report, reportEvents };
        command.SetAction(parsed =>
        {
            try
            {
                var options = new SimulateOptions(parsed.GetValue(seed), parsed.GetValue(seeds), parsed.GetValue(minutes), parsed.GetValue(nodes), parsed.GetValue(faults), parsed.GetValue(trace), parsed.GetValue(jobs), parsed.GetValue(untilViolation), parsed.GetValue(scenario), parsed.GetValue(hashes), parsed.GetValue(report), parsed.GetValue(reportEvents));
                options.Check();
                return parsed.GetValue(bench) ? Bench(options.Seed ?? 1) : Run(options);
            }
            catch (ArgumentException exception)
            {
                Console.Error.WriteLine($"veche sim: {exception.Message}");
                return 3;
            }
        });
        return command;
    }

    private static int Run(SimulateOptions options)
    {
        if (options.Trace)
        {
            return RunTraced(options);
        }

        long started = Stopwatch.GetTimestamp();
        SeedRange range = options.Range();
        long next = (long)range.First - 1;
        var results = new System.Collections.Concurrent.ConcurrentBag<SimulationResult>();
        object console = new();
        long done = 0;
        int found = 0;
        long lastShown = started;
        Parallel.For(0, options.Jobs, _ =>
        {
            while (true)
            {
                ulong seed = (ulong)Interlocked.Increment(ref next);
                if (seed > range.Last || (options.UntilViolation && Volatile.Read(ref found) != 0) || (options.Minutes is { } limit && Stopwatch.GetElapsedTime(started).TotalMinutes >= limit))
                {
                    return;
                }

                SimulationResult result = Simulation.Simulation.Run(options.PlanOf(seed));
                results.Add(result);
                lock (console)
                {
                    done++;
                    if (result.Violation is { } violation)
                    {
                        found = 1;
                        Console.WriteLine($"seed {seed}: {violation}");
                    }

                    if (Stopwatch.GetElapsedTime(lastShown).TotalSeconds >= 5)
                    {
                        lastShown = Stopwatch.GetTimestamp();
                        Console.Error.WriteLine($"{done} worlds, seed {seed}, {Stopwatch.GetElapsedTime(started).TotalSeconds:F0} s");
                    }
                }
            }
        });
        List<SimulationResult> ordered = [.. results.OrderBy(static result => result.Plan.Seed)];
        if (options.Hashes)
        {
            foreach (SimulationResult result in ordered)
            {
                Console.WriteLine($"seed {result.Plan.Seed} event hash {result.EventHash:x16}");
            }
        }

        if (ordered.Count > 0 && options.Report is not null)
        {
            // A seed does the same again, so only the one that is shown is traced.
            SimulationPlan plan = (ordered.Find(static result => result.Violation is not null) ?? ordered[0]).Plan;
            var recorder = new TraceRecorder(options.ReportEvents);
            WriteReport(options, Simulation.Simulation.Run(plan, recorder), recorder);
        }

        return Summarize(ordered, Stopwatch.GetElapsedTime(started));
    }

    private static void WriteReport(SimulateOptions options, SimulationResult result, TraceRecorder recorder)
    {
        File.WriteAllText(options.Report!, ReportPage.Create(result, recorder, options.CommandOf(result.Plan.Seed)));
        Console.WriteLine($"seed {result.Plan.Seed} is shown by {options.Report}");
    }

    private static int Summarize(List<SimulationResult> results, TimeSpan took)
    {
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (SimulationResult result in results)
        {
            foreach ((string name, long count) in result.Counts)
            {
                counts[name] = counts.GetValueOrDefault(name) + count;
            }
        }

        if (results.Count == 0)
        {
            Console.WriteLine("no world was simulated: the time was too short");
            return 2;
        }

        double simulated = results.Sum(static result => result.TimeNs / 1e9);
        long events = results.Sum(static result => result.Events);
        if (results.Count == 1)
        {
            Console.WriteLine($"seed {results[0].Plan.Seed}: {results[0].Plan.Nodes} members, {results[0].Plan.Clients} clients, {(results[0].Plan.Scenario is { } scenario ? $"scenario {scenario}, " : string.Empty)}faults: {(results[0].Plan.Faults.MeanIntervalMs.Count == 0 ? "none" : string.Join(", ", results[0].Plan.Faults.MeanIntervalMs.Keys))}");
            if (results[0].Plan.Buggified.Count > 0)
            {
                Console.WriteLine($"unusual settings: {string.Join(", ", results[0].Plan.Buggified)}");
            }

            if (results[0].Unrecoverable is { } reason)
            {
                Console.WriteLine($"no progress was asked for in the end: {reason}");
            }

            Console.WriteLine($"event hash {results[0].EventHash:x16}");
        }

        else
        {
            Console.WriteLine($"seeds {results[0].Plan.Seed}..{results[^1].Plan.Seed}");
        }

        Console.WriteLine(string.Join(", ", counts.Select(static count => string.Create(CultureInfo.InvariantCulture, $"{count.Value:N0} {count.Key}"))));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{results.Count} worlds, {results.Count(static result => result.Unrecoverable is not null)} of them without a majority in the end; {simulated:N0} s simulated in {took.TotalSeconds:N1} s ({simulated / took.TotalSeconds:N0} times as fast), {events:N0} events ({events / took.TotalSeconds:N0} a second)"));
        List<SimulationResult> violated = [.. results.Where(static result => result.Violation is not null)];
        if (violated.Count == 0)
        {
            Console.WriteLine("no violation");
            return 0;
        }

        foreach (IGrouping<string, SimulationResult> group in violated.GroupBy(static result => result.Violation!.Property))
        {
            Console.WriteLine($"VIOLATED: {group.Key}, by {group.Count()} seeds: {string.Join(' ', group.Take(10).Select(static result => result.Plan.Seed))}");
        }

        return 1;
    }

    private static int Bench(ulong seed)
    {
        long started = Stopwatch.GetTimestamp();
        return Summarize([SimulateBench.Run(seed)], Stopwatch.GetElapsedTime(started));
    }

    private static int RunTraced(SimulateOptions options)
    {
        SimulationPlan plan = options.PlanOf(options.Range().First);
        var recorder = new TraceRecorder(options.Report is null ? 1 : options.ReportEvents) { Observer = TraceLines.Print };
        long started = Stopwatch.GetTimestamp();
        SimulationResult result = Simulation.Simulation.Run(plan, recorder);
        TimeSpan took = Stopwatch.GetElapsedTime(started);
        if (options.Report is not null)
        {
            WriteReport(options, result, recorder);
        }

        return Summarize([result], took);
    }
}
