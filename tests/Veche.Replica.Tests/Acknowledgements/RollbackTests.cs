using Veche.Raft;

namespace Veche.Replica.Tests.Acknowledgements;

/// <summary>What each level keeps and loses when members fail, and that what is taken back is said before it is.</summary>
public sealed class RollbackTests
{
    private readonly ReplicaCluster _cluster = new(3);

    public RollbackTests() => _cluster.Elect(1);

    [Fact]
    public void A_write_acknowledged_by_the_leader_is_lost_by_a_failover_and_found_in_the_rollback()
    {
        SubmitAloneAndFailOver(AckRule.Leader(AckStage.Received));
        Assert.Equal([1], _cluster[1].Acknowledged);
        Assert.DoesNotContain(_cluster[2].Applied, IsCommand);
        (Rollback rollback, List<Entry> entries) = Assert.Single(_cluster[1].RolledBack);
        Entry lost = Assert.Single(entries);
        Assert.Equal(EntryKind.Command, lost.Kind);
        Assert.True(rollback.IsCertain(lost.Position));
        Assert.Equal(Acknowledgement.Yes, rollback.AcknowledgementOf(lost.Position));
        Assert.DoesNotContain(_cluster[1].Log, entry => entry.Position == lost.Position);
    }

    [Fact]
    public void The_disk_of_the_leader_does_not_help_against_a_failover()
    {
        SubmitAloneAndFailOver(AckRule.Leader(AckStage.Durable));
        Assert.Equal([1], _cluster[1].Acknowledged);
        Assert.DoesNotContain(_cluster[2].Applied, IsCommand);
        Assert.Equal(Acknowledgement.Yes, Assert.Single(_cluster[1].RolledBack).Rollback.AcknowledgementOf(_cluster[1].RolledBack[0].Entries[0].Position));
    }

    [Fact]
    public void What_waits_for_a_majority_was_not_acknowledged_when_it_is_rolled_back()
    {
        SubmitAloneAndFailOver(AckRule.Majority(AckStage.Received));
        Assert.Empty(_cluster[1].Acknowledged);
        (Rollback rollback, List<Entry> entries) = Assert.Single(_cluster[1].RolledBack);
        Assert.Equal(Acknowledgement.No, rollback.AcknowledgementOf(entries[0].Position));
    }

    [Fact]
    public void After_a_restart_nobody_knows_any_more_whether_it_was_acknowledged()
    {
        _cluster.CutOff(1);
        _cluster.Submit(1, 1, AckRule.Leader(AckStage.Durable));
        _cluster.Sync(1);
        Assert.Equal([1], _cluster[1].Acknowledged);
        _cluster.Crash(1);
        FailOverTo2();
        _cluster.Start(1);
        HealAndSettle();
        (Rollback rollback, List<Entry> entries) = Assert.Single(_cluster[1].RolledBack);
        Assert.Equal(Acknowledgement.Unknown, rollback.AcknowledgementOf(entries[0].Position));
    }

    [Fact]
    public void A_majority_in_memory_survives_the_end_of_one()
    {
        _cluster.Submit(1, 1, AckRule.Majority(AckStage.Received));
        _cluster.Deliver();
        Assert.Equal([1], _cluster[1].Acknowledged);
        _cluster.Crash(1);
        FailOverTo2();
        Assert.Contains(_cluster[2].Applied, IsCommand);
        _cluster.Start(1);
        HealAndSettle();
        Assert.All(_cluster.Members, static member => Assert.Empty(member.RolledBack));
    }

    [Fact]
    public void A_majority_in_memory_is_lost_when_the_power_goes_everywhere()
    {
        _cluster.Submit(1, 1, AckRule.Majority(AckStage.Received));
        _cluster.Deliver();
        Assert.Equal([1], _cluster[1].Acknowledged);
        CrashAndStartAll();
        _cluster.Elect(2);
        Assert.DoesNotContain(_cluster[2].Applied, IsCommand);
    }

    [Fact]
    public void A_majority_on_disk_survives_the_power_going_everywhere()
    {
        _cluster.Submit(1, 1, AckRule.Majority(AckStage.Durable));
        _cluster.Deliver();
        _cluster.Sync(2);
        _cluster.Deliver();
        Assert.Empty(_cluster[1].Acknowledged);
        _cluster.Sync(1);
        Assert.Equal([1], _cluster[1].Acknowledged);
        CrashAndStartAll();
        _cluster.Elect(2);
        Assert.Contains(_cluster[2].Applied, IsCommand);
    }

    [Fact]
    public void A_leader_that_forgot_what_it_acknowledged_from_memory_breaks_no_election()
    {
        // Its own entry was on its way to the others before its disk: they have it, and it has not.
        _cluster.Submit(1, 1, AckRule.Leader(AckStage.Received));
        _cluster.CutOff(3);
        _cluster.Deliver();
        _cluster.Sync(2);
        _cluster.Crash(1);
        _cluster.Heal();
        _cluster.Start(1);
        _cluster.ForgetLeader();
        Assert.True(_cluster[1].Replica.Core.LastPosition.Index < _cluster[2].Replica.Core.LastPosition.Index);

        // Shorter than what one of the others holds, it leads without that one's vote, and the entry is rolled back there: lawfully, it was never committed.
        _cluster.CutOff(2);
        _cluster.Elect(1);
        _cluster.Submit(1, 2, null);
        HealAndSettle(leader: 1);
        Assert.Equal(_cluster[1].Log.Select(static entry => entry.Position), _cluster[2].Log.Select(static entry => entry.Position));
        Assert.Single(_cluster[2].RolledBack);
        Assert.Equal(_cluster[1].Applied.Select(static entry => entry.Position), _cluster[2].Applied.Select(static entry => entry.Position));
    }

    [Fact]
    public void A_snapshot_that_takes_the_place_of_a_log_that_was_ahead_rolls_back_what_it_does_not_hold()
    {
        _cluster.CutOff(1);
        _cluster.Submit(1, 1, AckRule.Leader(AckStage.Durable));
        _cluster.Sync(1);
        long lost = _cluster[1].Replica.Core.LastPosition.Index;
        FailOverTo2();
        long term = _cluster[2].Replica.Core.Term;
        var point = new SnapshotPoint(new LogPosition(lost + 10, term), _cluster[2].Replica.Core.Configuration);
        _cluster.Step(_cluster[1], new ReplicaInput.SnapshotReceived(_cluster[2].Id, term, point));
        (Rollback rollback, List<Entry> entries) = Assert.Single(_cluster[1].RolledBack);
        Entry entry = Assert.Single(entries, static entry => entry.Kind == EntryKind.Command);
        Assert.Equal((lost, Acknowledgement.Yes), (entry.Index, rollback.AcknowledgementOf(entry.Position)));

        // It is of a term before the snapshot's, at an index that the snapshot covers: another leader may have committed it.
        Assert.False(rollback.IsCertain(entry.Position));
    }

    [Fact]
    public void What_a_snapshot_holds_is_not_rolled_back()
    {
        // The member lags: its entry is the leader's of the same term, so the snapshot has it.
        _cluster.CutOff(3);
        _cluster.Submit(1, 1, null);
        _cluster.Settle();
        _cluster.Heal();
        _cluster.CutOff(2);
        _cluster.Tick(1, 200);
        _cluster.Deliver();
        _cluster.Sync(3);
        LogPosition last = _cluster[3].Replica.Core.LastPosition;
        var point = new SnapshotPoint(new LogPosition(last.Index + 10, last.Term), _cluster[1].Replica.Core.Configuration);
        _cluster.Step(_cluster[3], new ReplicaInput.SnapshotReceived(_cluster[1].Id, last.Term, point));
        Assert.All(_cluster[3].RolledBack, static rolledBack => Assert.Empty(rolledBack.Entries));
    }

    private static bool IsCommand(Entry entry) => entry.Kind == EntryKind.Command && entry.Data.Length > CommandHeader.Length && entry.Data.Span[^1] == ReplicaCluster.Value.Span[0];

    private void SubmitAloneAndFailOver(AckRule rule)
    {
        _cluster.CutOff(1);
        _cluster.Submit(1, 1, rule);
        _cluster.Sync(1);
        FailOverTo2();
        HealAndSettle();
    }

    private void FailOverTo2()
    {
        _cluster.ForgetLeader();
        _cluster.Elect(2);
    }

    private void HealAndSettle(int leader = 2)
    {
        _cluster.Heal();
        for (int i = 0; i < 5; i++)
        {
            _cluster.Tick(leader, 200);
            _cluster.Settle();
        }
    }

    private void CrashAndStartAll()
    {
        for (int member = 1; member <= 3; member++)
        {
            _cluster.Crash(member);
        }

        for (int member = 1; member <= 3; member++)
        {
            _cluster.Start(member);
        }
    }
}
