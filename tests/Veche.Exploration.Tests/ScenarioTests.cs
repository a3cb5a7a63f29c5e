namespace Veche.Exploration.Tests;

/// <summary>Each scenario holds, and is as large as it was: a number that changes says that members can do something else than before.</summary>
public class ScenarioTests
{
    [Theory]
    [InlineData("election", 81015, 468901)]
    [InlineData("crash", 20938, 102836)]
    [InlineData("replication", 17171, 68992)]
    [InlineData("commit-crash", 5259, 18558)]
    [InlineData("figure8", 345717, 1770374)]
    [InlineData("read", 354603, 1442414)]
    [InlineData("membership", 72790, 263776)]
    [InlineData("changes", 2614, 7890)]
    [InlineData("quorums", 3901, 11627)]
    [InlineData("quorums-refused", 152, 360)]
    [InlineData("priority", 357962, 2009573)]
    [InlineData("witness", 174516, 645175)]
    [InlineData("transfer", 6709, 22540)]
    [InlineData("prevote", 137895, 756464)]
    public void Is_explored_completely_and_holds(string name, int states, long transitions)
    {
        ExploreResult result = Explorer.Explore(Named(name));

        Assert.True(result.Verdict == ExploreVerdict.Complete, $"{result.Verdict}: {result.Reason}\n{string.Join('\n', result.Trace)}");
        Assert.Equal((states, transitions), (result.States, result.Transitions));
    }

    [Fact]
    public void Every_scenario_is_pinned() =>
        Assert.Equal(
            Scenarios.All.Select(static scenario => scenario.Name),
            typeof(ScenarioTests).GetMethod(nameof(Is_explored_completely_and_holds))!.GetCustomAttributesData()
                .Where(static attribute => attribute.AttributeType == typeof(InlineDataAttribute))
                .Select(static attribute => (string)((IReadOnlyList<System.Reflection.CustomAttributeTypedArgument>)attribute.ConstructorArguments[0].Value!)[0].Value!));

    internal static Scenario Named(string name) => Scenarios.All.Single(scenario => scenario.Name == name);
}
