using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Disks;
using Veche.Simulation.Verdicts;
using Veche.Store.Engine;

namespace Veche.Simulation.Tests;

/// <summary>Rules for single steps, for configurations and for durable states, each broken on purpose.</summary>
public sealed class RulesTests
{
    private static readonly MemberId One = new(1);
    private static readonly MemberId Two = new(2);
    private static readonly MemberId Three = new(3);
    private static readonly Configuration Members = Configuration.Of([One, Two, Three]);

    private static RaftOptions Options => new() { Id = One, Seed = 1, LeaseClockDriftBoundMs = 10 };

    [Fact]
    public void A_vote_for_a_log_that_is_behind()
    {
        RaftCore before = Core(term: 1, entries: 2);
        RaftCore after = Core(term: 2, entries: 2, vote: Two);
        AssertViolated("a vote was given to a log that is not up to date (Raft §5.4.1)", before, after, new VoteRequest(Two, One, 2, new LogPosition(1, 1), PreVote: false, LeaderTransfer: true));
    }

    [Fact]
    public void A_vote_right_after_a_start_where_there_are_leases()
    {
        RaftCore before = Core(term: 1, entries: 2);
        RaftCore after = Core(term: 2, entries: 2, vote: Two);
        AssertViolated("a member voted that may have confirmed a lease before it was started", before, after, new VoteRequest(Two, One, 2, new LogPosition(2, 1), PreVote: false, LeaderTransfer: false));
    }

    [Fact]
    public void A_commit_that_the_append_did_not_verify()
    {
        RaftCore before = Core(term: 1, entries: 3);
        RaftCore after = Core(term: 1, entries: 3, committed: 3);
        AssertViolated("a follower took for committed what was not verified", before, after, new AppendRequest(Two, One, 1, new LogPosition(1, 1), 1, 3));
    }

    [Fact]
    public void A_configuration_that_its_log_does_not_have()
    {
        var judge = new Judge();
        var log = new DurableLog();
        log.Adopt(Start(term: 1, entries: 0));
        judge.GoesBy(Core(term: 1, entries: 0), log);
        log.Take(new LogWrite { WriteId = 1, Entries = [new Entry(1, 1, EntryKind.Configuration, ConfigurationEntry.Encode(Configuration.Of([One])))] });
        Assert.Equal("a member goes by another configuration than the last in its log", Assert.Throws<ViolationException>(() => judge.GoesBy(Core(term: 1, entries: 0), log)).Property);
        log.Take(new LogWrite { WriteId = 2, KeepThrough = 0 });
        judge.GoesBy(Core(term: 1, entries: 0), log);
    }

    [Fact]
    public void Configurations_that_change_at_once_or_do_not_overlap()
    {
        RaftCore leader = Leader();
        Entry Change(long index, Configuration to) => new(index, leader.Term, EntryKind.Configuration, ConfigurationEntry.Encode(to));
        DurableLog Log()
        {
            var log = new DurableLog();
            log.Adopt(new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Configuration.Of([One])), HardState = new HardState(leader.Term, One), Entries = [new EntrySummary(1, leader.Term, 10)] });
            return log;
        }

        new Judge().Writes(leader, new LogWrite { WriteId = 3, Entries = [Change(2, Configuration.Of([One, Two]))] }, Log());
        Violates("two configurations can decide without each other", new LogWrite { WriteId = 3, Entries = [Change(2, Configuration.Of([Two, Three]))] }, Log());
        DurableLog log = Log();
        new Judge().Writes(leader, new LogWrite { WriteId = 3, Entries = [Change(2, Configuration.Of([One, Two]))] }, log);
        Violates("a configuration was changed before the last change was committed", new LogWrite { WriteId = 4, Entries = [Change(3, Configuration.Of([One, Two, Three]))] }, log);

        void Violates(string property, LogWrite write, DurableLog before) => Assert.Equal(property, Assert.Throws<ViolationException>(() => new Judge().Writes(leader, write, before)).Property);
    }

    [Fact]
    public void A_durable_state_falls_back_to_a_boundary_between_commits_and_never_before_its_flush()
    {
        HashSet<int> survived = [];
        for (ulong seed = 0; seed < 200; seed++)
        {
            var home = new VirtualStoreHome(new SimulationRandom(seed));
            IKeyValueEngine engine = home.OpenEngine();
            for (byte commit = 1; commit <= 10; commit++)
            {
                engine.Batch.Put([1], [commit]);
                engine.Batch.Put([2], [commit]);
                engine.Commit();
                if (commit == 4)
                {
                    engine.Flush();
                }
            }

            engine.Batch.Put([1], [11]);
            home.ProcessEnded();
            using IEngineView view = home.OpenEngine().OpenView();
            byte kept = view.Get([1])![0];
            Assert.Equal(kept, view.Get([2])![0]);
            survived.Add(kept);
        }

        Assert.Equal([4, 5, 6, 7, 8, 9, 10], survived.Order());
    }

    private static void AssertViolated(string property, RaftCore before, RaftCore after, Message message)
    {
        var rules = new StepRules(Options, 0);
        rules.Before(before);
        Assert.Equal(property, Assert.Throws<ViolationException>(() => rules.After(after, new ReplicaInput.Received(PeerMessage.Of(message)), 1)).Property);
    }

    private static RaftCore Core(long term, int entries, MemberId vote = default, long committed = 0) => new(Options, Start(term, entries, vote) with { CommittedIndex = committed }, 0);

    private static RaftStart Start(long term, int entries, MemberId vote = default) => new()
    {
        Base = new SnapshotPoint(LogPosition.Zero, Members),
        HardState = new HardState(term, vote),
        Entries = [.. Enumerable.Range(1, entries).Select(static index => new EntrySummary(index, 1, 10))],
    };

    private static RaftCore Leader()
    {
        var core = new RaftCore(new RaftOptions { Id = One, Seed = 1 }, new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Configuration.Of([One])) }, 0);
        var output = new RaftOutput();
        core.Step(new RaftInput.Campaign(), 0, output);
        output.Clear();
        core.Step(new RaftInput.Persisted(1), 0, output);
        output.Clear();
        core.Step(new RaftInput.Persisted(2), 0, output);
        return core;
    }
}
