namespace Veche.Simulation.Tests;

/// <summary>Who may do what is judged in every world that has users; here, that worlds with users really have what is hard about them.</summary>
public sealed class AuthWorldTests
{
    [Fact]
    public void Users_do_and_see_what_they_may_and_everything_else_is_really_tried()
    {
        SortedDictionary<string, long> counts = new(StringComparer.Ordinal);
        for (ulong seed = 1; seed <= 25; seed++)
        {
            // A write by who may not, a read shown to who may not, one refused without reason, users that a snapshot or a restart has lost: each is a violation.
            SimulationResult result = Simulation.Run(Scenarios.Shape(SimulationPlan.Draw(seed), "auth"));
            Assert.True(result.Violation is null, $"seed {seed}: {result.Violation}");
            foreach ((string what, long count) in result.Counts)
            {
                counts[what] = counts.GetValueOrDefault(what) + count;
            }
        }

        string[] expected =
        [
            "auth changes asked for", "refused to the operator", "writes of users done", "writes refused to who may not write", "writes refused as of an old revision", "writes refused to nobody",
            "writes refused in somebody else's session", "reads that users may see", "reads refused to who may not see them", "watches refused to who may not see them", "watches checked",
            "snapshots installed", "durable states reopened", "power losses", "terms led", "leases expired", "leases kept alive for users", "leases not kept alive for who may not", "alarms raised",
        ];
        Assert.All(expected, what => Assert.True(counts.GetValueOrDefault(what) > 0, $"no world had {what}"));
    }

    [Fact]
    public void A_world_with_users_does_the_same_things_twice()
    {
        for (ulong seed = 1; seed <= 10; seed++)
        {
            SimulationResult first = Simulation.Run(Scenarios.Shape(SimulationPlan.Draw(seed), "auth"));
            SimulationResult second = Simulation.Run(Scenarios.Shape(SimulationPlan.Draw(seed), "auth"));
            Assert.Equal(first.EventHash, second.EventHash);
            Assert.Equal(first.Counts, second.Counts);
        }
    }
}
