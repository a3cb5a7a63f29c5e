using System.Reflection;
using Veche.Exploration.Members;
using Veche.Exploration.Search;
using Veche.Raft;

namespace Veche.Exploration.Tests;

/// <summary>A forked core is the same and shares nothing that changes; and nothing that a core remembers is left out of that.</summary>
public class ForkTests
{
    [Fact]
    public void Moving_a_copy_leaves_the_original_as_it_was_and_both_do_the_same()
    {
        var universe = new Universe(ScenarioTests.Named("read"));
        var symmetry = new Symmetry(3, []);
        GlobalState state = universe.First;
        ulong random = 1;
        int moved = 0;
        for (int walk = 0; walk < 200; walk++)
        {
            state = universe.First;
            for (int i = 0; i < 25; i++)
            {
                var moves = new List<Move>();
                universe.AddMoves(state, moves);
                random = StateWriter.Mix(random);
                Move move = moves[(int)(random % (ulong)moves.Count)];
                Machine machine = state.Members[move.Member].Machine;
                ulong before = Hash(machine, symmetry);
                Machine first = machine.Copy();
                first.Do(move, universe.Messages);
                Machine second = machine.Copy().Copy();
                second.Do(move, universe.Messages);
                Assert.Equal(before, Hash(machine, symmetry));
                Assert.Equal(Hash(first, symmetry), Hash(second, symmetry));
                Assert.Equal(first.Sent.Count, second.Sent.Count);
                if (universe.After(state, move) is { } next)
                {
                    moved++;
                    state = next;
                }
            }
        }

        Assert.True(moved > 1000, $"only {moved} moves did something");
    }

    /// <summary>Whoever adds a field adds it to Fork and Describe, and then here.</summary>
    [Theory]
    [InlineData(typeof(RaftCore), "_ackedRoundOf _copiedIndex _deadlineNs _entries _hardStateChanged _hardStateWrite _heardLeaderNs _isApplyStalled _isRecentlyActive _keepThrough _lateTicks _ledger _lostThroughTerm _matchOf _nowNs _options _out _random _reset _startedNs _state _timeoutsSatOut _timeoutsUnled _trail _vote _waitsForUs _wellAfterNs <Ailments>k__BackingField <CommitIndex>k__BackingField <Term>k__BackingField")]
    [InlineData("Veche.Raft.LogTrail", "_configurations _runs _sums <Base>k__BackingField <Last>k__BackingField")]
    [InlineData("Veche.Raft.WriteLedger", "_pending <LastIssued>k__BackingField <LastPersisted>k__BackingField <PersistedIndex>k__BackingField")]
    [InlineData("Veche.Raft.ReadQueue", "_confirming _rounds <Fresh>k__BackingField <LastRound>k__BackingField")]
    [InlineData("Veche.Raft.FollowerState", "<ElectionDeadlineNs>k__BackingField <Leader>k__BackingField <ReadsAtLeader>k__BackingField")]
    [InlineData("Veche.Raft.CandidateState", "<Denied>k__BackingField <ElectionDeadlineNs>k__BackingField <Granted>k__BackingField")]
    [InlineData("Veche.Raft.LeaderState", "<ConfirmedAtNs>k__BackingField <Followers>k__BackingField <HeartbeatDeadlineNs>k__BackingField <IsCaretaker>k__BackingField <LastIndexAtLook>k__BackingField <LeaseVoid>k__BackingField <LooksToPass>k__BackingField <NextReliefNs>k__BackingField <QuorumCheckDeadlineNs>k__BackingField <Reads>k__BackingField <TermStartIndex>k__BackingField <TransferDeadlineNs>k__BackingField <TransferTarget>k__BackingField")]
    [InlineData("Veche.Raft.Progress", "_inflights <AckedRound>k__BackingField <IsIll>k__BackingField <IsWitness>k__BackingField <Match>k__BackingField <Member>k__BackingField <Next>k__BackingField <ProbeSent>k__BackingField <ProbedThrough>k__BackingField <Received>k__BackingField <RecentlyActive>k__BackingField <State>k__BackingField <ToldCommit>k__BackingField")]
    [InlineData("Veche.Raft.Inflights", "_bytes _sent <maxBytes>P <maxMessages>P")]
    public void Every_field_is_known(object of, string fields)
    {
        Type type = of as Type ?? typeof(RaftCore).Assembly.GetType((string)of, throwOnError: true)!;
        string[] found = [.. type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).Select(static field => field.Name).Order(StringComparer.Ordinal)];

        Assert.Equal(fields.Split(' ').Order(StringComparer.Ordinal), found);
    }

    private static ulong Hash(Machine machine, Symmetry symmetry)
    {
        var writer = new StateWriter();
        writer.Reset(symmetry.Renaming(0));
        machine.Describe(writer);
        return writer.Hash();
    }
}
