using System.Globalization;
using Veche.Simulation;
using Veche.Simulation.Faults;

namespace Veche.Cli.Simulate;

/// <summary>What was asked for on the command line of <c>veche sim</c>.</summary>
internal sealed record SimulateOptions(ulong? Seed, string? Seeds, double? Minutes, int? Nodes, string? Faults, bool Trace, int Jobs, bool UntilViolation, string? Scenario, bool Hashes, string? Report, int ReportEvents)
{
    /// <summary>Whatever is wrong with the options shows before anything begins.</summary>
    public void Check()
    {
        PlanOf(Range().First);
        if (Jobs < 1)
        {
            throw new ArgumentException($"--jobs {Jobs}: at least one world at a time.");
        }

        if (Minutes is <= 0)
        {
            throw new ArgumentException($"--minutes {Minutes}: more than none.");
        }

        if (ReportEvents < 1)
        {
            throw new ArgumentException($"--report-events {ReportEvents}: at least one.");
        }

        if (Report is { } file && Path.GetDirectoryName(Path.GetFullPath(file)) is { } directory && !Directory.Exists(directory))
        {
            throw new ArgumentException($"--report {file}: there is no directory {directory}.");
        }
    }

    public SeedRange Range()
    {
        if (Seed is { } one)
        {
            return new SeedRange(one, one);
        }

        if (Seeds is { } text)
        {
            return SeedRange.TryParse(text, out SeedRange range) ? range : throw new ArgumentException($"--seeds {text}: write a range of seeds such as 1..1000.");
        }

        if (Minutes is not null)
        {
            // Fresh seeds: those of this moment, so that no two runs repeat each other's.
            ulong first = (ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() * 100_000;
            return new SeedRange(first, ulong.MaxValue - 1);
        }

        return new SeedRange(1, 100);
    }

    public SimulationPlan PlanOf(ulong seed)
    {
        SimulationPlan plan = SimulationPlan.Draw(seed);
        if (Scenario is { } scenario)
        {
            plan = Scenarios.Exists(scenario) ? Scenarios.Shape(plan, scenario) : throw new ArgumentException($"--scenario: there is no scenario {scenario}; there are {string.Join(", ", Scenarios.Names)}.");
        }

        if (Nodes is { } nodes)
        {
            plan = nodes is >= 1 and <= 7 ? plan with { Nodes = nodes } : throw new ArgumentException($"--nodes {nodes}: a world begins with 1 to 7 members.");
        }

        if (Faults is { } faults)
        {
            plan = plan with { Faults = faults == "none" ? FaultPlan.None : FaultPlan.Of(faults.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(Parse)) };

            // A state that rots is found only where states are compared.
            plan = plan.Faults.Has(FaultKind.StateRot) ? plan.WithStateChecks() : plan;
        }

        return plan;
    }

    /// <summary>The command line that simulates one of these worlds again.</summary>
    public string CommandOf(ulong seed)
    {
        string command = string.Create(CultureInfo.InvariantCulture, $"veche sim --seed {seed}");
        command += Scenario is null ? string.Empty : $" --scenario {Scenario}";
        command += Nodes is { } nodes ? string.Create(CultureInfo.InvariantCulture, $" --nodes {nodes}") : string.Empty;
        return command + (Faults is null ? string.Empty : $" --faults {Faults.Replace(" ", string.Empty, StringComparison.Ordinal)}");
    }

    private static FaultKind Parse(string name) =>
        Enum.TryParse(name.Replace("-", string.Empty, StringComparison.Ordinal), ignoreCase: true, out FaultKind kind) && Enum.IsDefined(kind)
            ? kind
            : throw new ArgumentException($"--faults: there is no fault {name}; there are {string.Join(", ", FaultPlan.Kinds)}, or none.");
}
