namespace Veche.Simulation.Tests;

/// <summary>What the levels of reads and the sessions of writes promise is judged in every world; here, that they are really put to the test, and that each level shows what the next one does not.</summary>
public sealed class SemanticsTests
{
    [Fact]
    public void Writes_are_repeated_and_happen_once_and_reads_are_stale_where_they_may_be_and_nowhere_else()
    {
        SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
        for (ulong seed = 1; seed <= 12; seed++)
        {
            SimulationResult result = Simulation.Run(Scenarios.Shape(SimulationPlan.Draw(seed), "sessions"));

            // A write that happened twice, a second outcome, a linearizable read that is stale, a token that is not heeded: each is a violation.
            Assert.Null(result.Violation);
            foreach ((string what, long count) in result.Counts)
            {
                counts[what] = counts.GetValueOrDefault(what) + count;
            }
        }

        foreach (string what in (string[])["operations repeated", "stale reads", "stale reads with a token", "reads that waited for a token", "snapshots installed", "terms led"])
        {
            Assert.True(counts.GetValueOrDefault(what) > 0, $"no world had {what}");
        }
    }
}
