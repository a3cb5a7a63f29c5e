using Veche.Exploration.Search;

namespace Veche.Exploration.Tests;

/// <summary>Taking states that differ only in who is who for one leaves out nothing and joins nothing else.</summary>
public class SymmetryTests
{
    [Fact]
    public void As_many_states_as_there_are_classes_without_it()
    {
        Scenario scenario = ScenarioTests.Named("crash") with { Limits = new Dictionary<MoveKind, int> { [MoveKind.TimeOut] = 2, [MoveKind.Crash] = 1 } };
        ExploreResult with = Explorer.Explore(scenario);
        ExploreResult without = Explorer.Explore(scenario, new ExploreLimits { UseSymmetry = false });

        // Walked by hand: every state without symmetry, and the class of each of its members' renamings.
        var universe = new Universe(scenario, useSymmetry: false);
        var classes = new Universe(scenario);
        var plain = new HashSet<ulong>();
        var folded = new HashSet<ulong>();
        var waiting = new Queue<(GlobalState Plain, GlobalState Folded)>();
        waiting.Enqueue((universe.First, classes.First));
        plain.Add(universe.First.Fingerprint);
        folded.Add(classes.First.Fingerprint);
        while (waiting.TryDequeue(out (GlobalState Plain, GlobalState Folded) state))
        {
            var moves = new List<Move>();
            var same = new List<Move>();
            universe.AddMoves(state.Plain, moves);
            classes.AddMoves(state.Folded, same);
            Assert.Equal(moves.Count, same.Count);
            for (int i = 0; i < moves.Count; i++)
            {
                GlobalState? next = universe.After(state.Plain, moves[i]);
                GlobalState? nextFolded = classes.After(state.Folded, same[i]);
                Assert.Equal(next is null, nextFolded is null);
                if (next is not null && nextFolded is not null && plain.Add(next.Fingerprint))
                {
                    folded.Add(nextFolded.Fingerprint);
                    waiting.Enqueue((next, nextFolded));
                }
            }
        }

        Assert.Equal(without.States, plain.Count);
        Assert.Equal(with.States, folded.Count);
        Assert.InRange(plain.Count, folded.Count * 3, folded.Count * 6);
    }
}
