using Veche.Simulation.Faults;
using Veche.Simulation.Members;

namespace Veche.Simulation.Tests;

/// <summary>Under the same faults, what was acknowledged before its commit is sometimes lost, and what was acknowledged after it never.</summary>
public sealed class AcknowledgementWorldTests
{
    private const ulong FewestWorlds = 40;
    private const ulong MostWorlds = 400;

    private static readonly string[] Weak = ["leader", "leader+fsync", "majority-memory"];

    [Fact]
    public void Each_level_below_a_majority_really_loses_what_it_may_and_none_above_loses_anything()
    {
        SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
        for (ulong seed = 1; seed <= MostWorlds && !(seed > FewestWorlds && Array.TrueForAll(Weak, level => counts.ContainsKey($"lost after {level}"))); seed++)
        {
            SimulationPlan plan = SimulationPlan.Draw(seed);
            SimulationResult result = Simulation.Run(plan with
            {
                Nodes = 3,
                FaultsMs = 15_000,
                Member = new MemberPlan { AcknowledgementRules = true, SyncUs = 40_000, ElectionTimeoutMs = 300, HeartbeatIntervalMs = 30 },
                Workload = plan.Workload with { ThinkUs = 3_000, Wanders = 0.5 },
                Faults = new FaultPlan
                {
                    MeanIntervalMs = new SortedDictionary<FaultKind, int> { [FaultKind.Partition] = 1000, [FaultKind.PowerLoss] = 400, [FaultKind.EarlyTimeout] = 1000 },
                    MeanDurationMs = 500,
                    MeanRestartMs = 100,
                },
            });
            Assert.True(result.Violation is null, $"seed {seed}: {result.Violation}");
            foreach ((string what, long count) in result.Counts)
            {
                counts[what] = counts.GetValueOrDefault(what) + count;
            }
        }

        string told = string.Join(", ", counts.Where(static count => count.Key.StartsWith("lost", StringComparison.Ordinal) || count.Key.StartsWith("acknowledged", StringComparison.Ordinal)));
        Assert.All(Weak, level => Assert.True(counts.GetValueOrDefault($"lost after {level}") > 0, told));
        Assert.All((string[])["majority", "all", "majority+applied", "all+applied"], level => Assert.True(counts.GetValueOrDefault($"acknowledged by {level}") > 0 && !counts.ContainsKey($"lost after {level}"), told));
    }
}
