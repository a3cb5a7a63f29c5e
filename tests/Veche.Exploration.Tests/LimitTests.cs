namespace Veche.Exploration.Tests;

/// <summary>What was not looked at is never called complete.</summary>
public class LimitTests
{
    [Fact]
    public void Too_many_states_are_said()
    {
        ExploreResult result = Explorer.Explore(ScenarioTests.Named("election"), new ExploreLimits { MaxStates = 1000 });

        Assert.Equal(ExploreVerdict.GaveUp, result.Verdict);
        Assert.Contains("--max-states", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Too_much_memory_is_said()
    {
        ExploreResult result = Explorer.Explore(ScenarioTests.Named("election"), new ExploreLimits { MaxMemoryBytes = 1 });

        Assert.Equal(ExploreVerdict.GaveUp, result.Verdict);
        Assert.Contains("--max-memory", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void What_must_be_reached_and_is_not_is_said()
    {
        Scenario scenario = ScenarioTests.Named("crash") with { Sometimes = [new Sometimes("term 9 is reached", static members => members.Any(static member => member.Term == 9))] };

        ExploreResult result = Explorer.Explore(scenario);

        Assert.Equal(ExploreVerdict.NotReached, result.Verdict);
        Assert.Contains("term 9 is reached", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Bounds_out_of_range_are_refused() =>
        Assert.Throws<ArgumentException>(static () => Explorer.Explore(ScenarioTests.Named("crash") with { MaxTerm = 101 }));
}
