using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Verdicts;

namespace Veche.Simulation.Tests;

/// <summary>Every promise, broken on purpose: a judge that never condemns is none.</summary>
public sealed class JudgeTests
{
    private static readonly MemberId One = new(1);
    private static readonly MemberId Two = new(2);
    private static readonly Configuration Members = Configuration.Of([One, Two, new MemberId(3)]);
    private readonly Judge _judge = new();

    [Fact]
    public void Two_votes_in_a_term()
    {
        var durable = new DurableLog();
        durable.Take(new LogWrite { WriteId = 1, HardState = new HardState(2, Two) });
        _judge.Sends(PeerMessage.Of(new VoteReply(One, Two, 2, Granted: true, PreVote: false)), durable);
        AssertViolated("a member voted twice in one term", () => _judge.Sends(PeerMessage.Of(new VoteReply(One, new MemberId(3), 2, Granted: true, PreVote: false)), durable));
    }

    [Fact]
    public void A_vote_that_is_not_durable()
    {
        var durable = new DurableLog();
        durable.Take(new LogWrite { WriteId = 1, HardState = new HardState(2, MemberId.None) });
        AssertViolated("a vote was given before it was durable", () => _judge.Sends(PeerMessage.Of(new VoteReply(One, Two, 2, Granted: true, PreVote: false)), durable));
    }

    [Fact]
    public void An_append_that_is_not_durable() =>
        AssertViolated("an append was acknowledged before it was durable", () => _judge.Sends(PeerMessage.Of(new AppendAccepted(One, Two, 2, 5)), new DurableLog()));

    [Fact]
    public void Entries_that_differ()
    {
        Assert.Null(_judge.Canon.Append(Entry(1, 1, 7), 0));
        Assert.Null(_judge.Canon.Append(Entry(1, 1, 7), 0));
        Assert.NotNull(_judge.Canon.Append(Entry(1, 1, 8), 0));
        Assert.NotNull(_judge.Canon.Append(Entry(1, 1, 7), 1));
    }

    [Fact]
    public void Commits_that_differ_or_come_from_nowhere_or_come_twice()
    {
        Assert.NotNull(_judge.Canon.Commit(1, 1, 1));
        _judge.Canon.Append(Command(1, 1, 50), 0);
        _judge.Canon.Append(Command(2, 1, 50), 1);
        Assert.Null(_judge.Canon.Commit(1, 1, 1));
        Assert.NotNull(_judge.Canon.Commit(1, 2, 2));
        Assert.Contains("second time", _judge.Canon.Commit(2, 1, 1)!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_commit_that_no_quorum_holds_and_a_leader_without_it()
    {
        RaftCore core = SoleLeader(out LogWrite write);
        _judge.Writes(core, write, new DurableLog());
        AssertViolated("an entry was committed that no quorum holds durably", () => _judge.Commits(core, 0, static (_, _, _) => false));
    }

    [Fact]
    public void Removing_a_committed_entry()
    {
        RaftCore follower = Follower(term: 1);
        var issued = new DurableLog();
        _judge.Writes(follower, new LogWrite { WriteId = 1, HardState = new HardState(1, Two), Entries = [Entry(1, 1, 7)] }, issued);
        _judge.Canon.Commit(1, 1, 1);
        AssertViolated("a committed entry was removed", () => _judge.Writes(follower, new LogWrite { WriteId = 2, KeepThrough = 0 }, issued));
        AssertViolated("a term fell", () => _judge.Writes(follower, new LogWrite { WriteId = 3, HardState = new HardState(0, Two) }, issued));
    }

    [Fact]
    public void A_copy_that_nobody_counted_may_go_before_its_member_hears_of_the_term_that_committed_the_entry()
    {
        var issued = new DurableLog();
        _judge.Writes(Follower(term: 1), new LogWrite { WriteId = 1, HardState = new HardState(1, Two), Entries = [Entry(1, 1, 7)] }, issued);
        _judge.Canon.Commit(1, 1, inTerm: 3);
        AssertViolated("a committed entry was removed", () => _judge.Writes(Follower(term: 3), new LogWrite { WriteId = 2, KeepThrough = 0 }, issued));
        _judge.Writes(Follower(term: 2), new LogWrite { WriteId = 2, KeepThrough = 0 }, issued);
        Assert.Equal(0, issued.LastIndex);
    }

    [Fact]
    public void A_restart_that_forgets()
    {
        var durable = new DurableLog();
        durable.Adopt(new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Members) });
        durable.Take(new LogWrite { WriteId = 1, HardState = new HardState(2, Two), Entries = [Entry(1, 1, 7), Entry(2, 2, 8)] });
        RaftStart whole = new() { HardState = new HardState(2, Two), Base = new SnapshotPoint(LogPosition.Zero, Members), Entries = [new EntrySummary(1, 1, 10), new EntrySummary(2, 2, 10)] };
        Assert.Null(durable.Difference(whole));
        Assert.NotNull(durable.Difference(whole with { HardState = new HardState(2, One) }));
        Assert.NotNull(durable.Difference(whole with { Entries = [new EntrySummary(1, 1, 10)] }));
        Assert.NotNull(durable.Difference(whole with { Entries = [new EntrySummary(1, 2, 10), new EntrySummary(2, 2, 10)] }));
    }

    private static RaftCore Follower(long term) =>
        new(new RaftOptions { Id = One, Seed = 1 }, new RaftStart { HardState = new HardState(term, Two), Base = new SnapshotPoint(LogPosition.Zero, Members) }, 0);

    private static RaftCore SoleLeader(out LogWrite write)
    {
        var core = new RaftCore(new RaftOptions { Id = One, Seed = 1 }, new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Configuration.Of([One])) }, 0);
        var output = new RaftOutput();
        core.Step(new RaftInput.Campaign(), 0, output);
        output.Clear();
        core.Step(new RaftInput.Persisted(1), 0, output);
        write = output.Write!;
        output.Clear();
        core.Step(new RaftInput.Persisted(2), 0, output);
        Assert.Equal(1, core.CommitIndex);
        return core;
    }

    private static Entry Entry(long index, long term, byte data) => new(index, term, EntryKind.NoOp, new byte[] { data });

    private static Entry Command(long index, long term, long sequence) => new(index, term, EntryKind.Command, CommandHeader.Wrap(One, sequence, [1]));

    private static void AssertViolated(string property, Action action) => Assert.Equal(property, Assert.Throws<ViolationException>(action).Property);
}
