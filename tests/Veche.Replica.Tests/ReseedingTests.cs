using Veche.Raft;

namespace Veche.Replica.Tests;

/// <summary>A member whose state is wrong: nothing goes into it any more, another member's takes its place where the log allows it, and only then it is trusted again.</summary>
public sealed class ReseedingTests
{
    private static readonly Configuration Three = Configuration.Of([new MemberId(1), new MemberId(2), new MemberId(3)]);
    private readonly ReplicaOutput _output = new();
    private long _nowNs;

    [Fact]
    public void Nothing_is_applied_to_a_state_that_is_wrong_and_the_others_are_asked_in_turn()
    {
        Replica replica = Follower(baseIndex: 0, entries: 5, applied: 2);
        Step(replica, new ReplicaInput.StateDistrusted(IsReplaced: false));
        Assert.Equal((StateTrust.Reseeding, Ailments.State), (replica.Trust, replica.Core.Ailments));
        Assert.Equal(new MemberId(2), Asked());
        _output.Clear();
        Hear(replica, commit: 5);
        Assert.Null(_output.Apply);
        Assert.Empty(_output.LogReads);
        Assert.DoesNotContain(_output.Sends, static message => message.Body is StateWanted);
        _output.Clear();
        Wait(replica, 1000);
        Assert.Equal(new MemberId(3), Asked());
    }

    [Fact]
    public void A_state_is_taken_only_once_the_log_holds_where_it_stands_and_then_applying_goes_on_behind_it()
    {
        Replica replica = Follower(baseIndex: 0, entries: 5, applied: 3);
        Step(replica, new ReplicaInput.StateDistrusted(IsReplaced: false));
        Step(replica, new ReplicaInput.SnapshotReceived(new MemberId(2), Replica.ReseedTerm, Point(4)));

        // It may be applied elsewhere and not yet known to be committed here.
        Assert.Null(_output.Install);
        Hear(replica, commit: 5);
        Assert.Equal(4, _output.Install!.Position.Index);
        Assert.Null(_output.Apply);
        _output.Clear();
        Step(replica, new ReplicaInput.Installed(Point(4)));
        Assert.Equal((StateTrust.Verifying, 5L), (replica.Trust, replica.Core.LastPosition.Index));
        Assert.Equal(5, _output.LogReads.SingleOrDefault()?.FirstIndex ?? _output.Apply![0].Index);
        Step(replica, new ReplicaInput.StateVerified());
        Assert.Equal((StateTrust.Trusted, Ailments.None), (replica.Trust, replica.Core.Ailments));
    }

    [Fact]
    public void What_had_been_applied_to_the_wrong_state_is_applied_to_the_right_one()
    {
        Replica replica = Follower(baseIndex: 0, entries: 5, applied: 5);
        Step(replica, new ReplicaInput.StateDistrusted(IsReplaced: false));
        Step(replica, new ReplicaInput.SnapshotReceived(new MemberId(2), Replica.ReseedTerm, Point(2)));
        Assert.Equal(2, _output.Install!.Position.Index);
        _output.Clear();
        Step(replica, new ReplicaInput.Installed(Point(2)));
        Assert.Equal((2L, 3L), (replica.Applied.Index, Assert.Single(_output.LogReads).FirstIndex));
    }

    [Fact]
    public void A_state_from_before_the_log_is_of_no_use()
    {
        Replica replica = Follower(baseIndex: 3, entries: 2, applied: 5);
        Step(replica, new ReplicaInput.StateDistrusted(IsReplaced: false));
        Assert.Equal(3, Assert.IsType<StateWanted>(_output.Sends.Single(static message => message.Body is StateWanted).Body).AtLeast);
        Hear(replica, commit: 5);
        _output.Clear();
        Step(replica, new ReplicaInput.SnapshotReceived(new MemberId(2), Replica.ReseedTerm, Point(2)));
        Assert.Null(_output.Install);
        Assert.Equal(new MemberId(3), Asked());
    }

    [Fact]
    public void Who_trusts_its_state_takes_no_other_and_who_does_not_gives_none_away()
    {
        Replica replica = Follower(baseIndex: 0, entries: 5, applied: 5);
        Step(replica, new ReplicaInput.SnapshotReceived(new MemberId(2), Replica.ReseedTerm, Point(4)));
        Assert.Equal((5L, 0L, true), (replica.Applied.Index, replica.Core.CommitIndex - 5, _output.Install is null));
        Step(replica, new ReplicaInput.Received(PeerMessage.Of(new MemberId(3), new MemberId(1), new StateWanted(9))));
        Assert.Empty(_output.SnapshotSends);
        Step(replica, new ReplicaInput.Received(PeerMessage.Of(new MemberId(3), new MemberId(1), new StateWanted(5))));
        Assert.Equal(new SnapshotSend(new MemberId(3), Replica.ReseedTerm, ForWitness: false), Assert.Single(_output.SnapshotSends));
        _output.Clear();
        Step(replica, new ReplicaInput.StateDistrusted(IsReplaced: true));
        Assert.Equal(StateTrust.Verifying, replica.Trust);
        Step(replica, new ReplicaInput.Received(PeerMessage.Of(new MemberId(3), new MemberId(1), new StateWanted(5))));
        Assert.Empty(_output.SnapshotSends);
    }

    [Fact]
    public void Nothing_is_due_while_the_state_that_came_is_taken_over()
    {
        Replica replica = Follower(baseIndex: 0, entries: 5, applied: 3);
        Hear(replica, commit: 5);
        Step(replica, new ReplicaInput.StateDistrusted(IsReplaced: false));
        Step(replica, new ReplicaInput.SnapshotReceived(new MemberId(2), Replica.ReseedTerm, Point(4)));
        Assert.NotNull(_output.Install);
        _output.Clear();
        Wait(replica, 10);

        // A deadline that has passed already would have the loop turn as fast as it can.
        Assert.True(_output.DeadlineNs > _nowNs, $"due at {_output.DeadlineNs}, and it is {_nowNs}");
    }

    [Fact]
    public void A_leader_that_does_not_trust_its_state_gives_it_to_nobody()
    {
        foreach (bool isTrusted in new[] { true, false })
        {
            _nowNs = 0;
            _output.Clear();
            Replica replica = Follower(baseIndex: 3, entries: 2, applied: 5);
            Step(replica, new ReplicaInput.Campaign());
            Receive(replica, new VoteReply(new MemberId(2), new MemberId(1), 2, Granted: true, PreVote: true));
            Persist(replica);
            Receive(replica, new VoteReply(new MemberId(2), new MemberId(1), 2, Granted: true, PreVote: false));
            Persist(replica);
            Assert.Equal(Role.Leader, replica.Core.Role);
            if (!isTrusted)
            {
                Step(replica, new ReplicaInput.StateDistrusted(IsReplaced: false));
            }

            // Behind the beginning of the log, so only a snapshot could help it.
            Receive(replica, new AppendRejected(new MemberId(3), new MemberId(1), 2, 5, LogPosition.Zero));
            Receive(replica, new AppendRejected(new MemberId(3), new MemberId(1), 2, 3, LogPosition.Zero));
            Assert.Equal(isTrusted, _output.SnapshotSends.Exists(static send => send.To == new MemberId(3)));
        }
    }

    [Fact]
    public void What_was_being_saved_of_a_wrong_state_does_not_shorten_the_log()
    {
        Replica replica = Follower(baseIndex: 0, entries: 20, applied: 18, snapshotEntries: 2);
        Hear(replica, commit: 20);
        _output.Clear();
        Step(replica, new ReplicaInput.Applied(new LogPosition(20, 1)));
        Assert.True(_output.SaveState);
        _output.Clear();
        Step(replica, new ReplicaInput.StateDistrusted(IsReplaced: false));
        Step(replica, new ReplicaInput.SnapshotReceived(new MemberId(2), Replica.ReseedTerm, Point(12)));
        Step(replica, new ReplicaInput.Installed(Point(12)));
        Step(replica, new ReplicaInput.Applied(new LogPosition(15, 1)));
        _output.Clear();

        // Of the state that is gone; the new one survives a crash up to 12, and needs what comes after from the log.
        Step(replica, new ReplicaInput.StateSaved(20));
        Assert.Null(_output.Compact);
    }

    private static SnapshotPoint Point(long index) => new(new LogPosition(index, 1), Three);

    private static Replica Follower(long baseIndex, int entries, long applied, long snapshotEntries = 1000) => new(
        new ReplicaOptions { Raft = new RaftOptions { Id = new MemberId(1), Seed = 1 }, SnapshotEntries = snapshotEntries, TrailingEntries = 0, TrailingBytes = 0 },
        new RaftStart
        {
            HardState = new HardState(1, MemberId.None),
            Base = new SnapshotPoint(baseIndex == 0 ? LogPosition.Zero : new LogPosition(baseIndex, 1), Three),
            Entries = [.. Enumerable.Range(1, entries).Select(i => new EntrySummary(baseIndex + i, 1, 10))],
        },
        new LogPosition(applied, 1),
        1,
        0);

    private MemberId Asked() => _output.Sends.Single(static message => message.Body is StateWanted).To;

    private void Hear(Replica replica, long commit) =>
        Step(replica, new ReplicaInput.Received(PeerMessage.Of(new Heartbeat(new MemberId(2), new MemberId(1), 1, commit, 1))));

    private void Receive(Replica replica, Message message) => Step(replica, new ReplicaInput.Received(PeerMessage.Of(message)));

    /// <summary>What it has written is durable.</summary>
    private void Persist(Replica replica)
    {
        while (_output.Writes.Count > 0)
        {
            long last = _output.Writes[^1].WriteId;
            _output.Writes.Clear();
            Step(replica, new ReplicaInput.Persisted(last));
        }
    }

    private void Wait(Replica replica, int milliseconds)
    {
        _nowNs += milliseconds * 1_000_000L;
        Step(replica, ReplicaInput.Tick.Instance);
    }

    private void Step(Replica replica, ReplicaInput input) => replica.Step(input, _nowNs, _output);
}
