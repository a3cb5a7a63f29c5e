using Veche.Raft;

namespace Veche.Replica.Tests.Acknowledgements;

/// <summary>When a submission is acknowledged, step by step: by the leader, and to a member that forwarded it.</summary>
public sealed class AcknowledgementTests
{
    private readonly ReplicaCluster _cluster = new(3);

    public AcknowledgementTests() => _cluster.Elect(1);

    [Fact]
    public void The_leaders_memory_is_enough_for_leader_and_its_disk_for_fsync()
    {
        _cluster.Submit(1, 1, AckRule.Leader(AckStage.Received));
        Assert.Equal([1], _cluster[1].Acknowledged);
        _cluster.Sync(1);
        _cluster.Submit(1, 2, AckRule.Leader(AckStage.Durable));
        Assert.Equal([1], _cluster[1].Acknowledged);
        _cluster.Sync(1);
        Assert.Equal([1, 2], _cluster[1].Acknowledged);
    }

    [Fact]
    public void What_is_only_queued_is_not_acknowledged_from_memory()
    {
        // Without a leader nothing has a place in a log, and may yet be refused.
        _cluster.CutOff(2);
        _cluster.ForgetLeader();
        _cluster.Tick(2, 2000);
        Assert.NotEqual(Role.Leader, _cluster[2].Replica.Core.Role);
        _cluster.Submit(2, 1, AckRule.Leader(AckStage.Received));
        _cluster.Settle();
        Assert.Empty(_cluster[2].Acknowledged);
    }

    [Fact]
    public void A_write_from_memory_does_not_wait_for_the_sync_of_the_one_before()
    {
        _cluster.Submit(1, 1, null);
        _cluster.Submit(1, 2, AckRule.Leader(AckStage.Received));
        Assert.Equal([2], _cluster[1].Acknowledged);
        Assert.Equal(2, _cluster[1].Unsynced.Count);
    }

    [Fact]
    public void A_majority_in_memory_is_one_before_anybody_has_synced()
    {
        _cluster.Submit(1, 1, AckRule.Majority(AckStage.Received));
        Assert.Empty(_cluster[1].Acknowledged);
        long commit = _cluster[1].Replica.Core.CommitIndex;
        _cluster.Deliver();
        Assert.Equal([1], _cluster[1].Acknowledged);

        // What was received is not committed: nobody has it on disk.
        Assert.Equal(commit, _cluster[1].Replica.Core.CommitIndex);
    }

    [Fact]
    public void Nobody_reports_what_nobody_asked_for()
    {
        _cluster.Submit(1, 1, AckRule.Leader(AckStage.Received));
        _cluster.Submit(1, 2, AckRule.All(AckStage.Durable));
        _cluster.Settle();
        Assert.Equal([1, 2], _cluster[1].Acknowledged);
        Assert.All(_cluster.Members, static member => Assert.DoesNotContain(typeof(AppendReceived), member.SentKinds));
        Assert.All(_cluster.Members, static member => Assert.DoesNotContain(typeof(AppliedThrough), member.SentKinds));
    }

    [Fact]
    public void All_waits_for_the_slowest()
    {
        _cluster.CutOff(3);
        _cluster.Submit(1, 1, AckRule.All(AckStage.Durable));
        _cluster.Settle();
        Assert.Contains(_cluster[1].Applied, static entry => entry.Kind == EntryKind.Command);
        Assert.Empty(_cluster[1].Acknowledged);
        _cluster.Heal();
        _cluster.Tick(1, 200);
        _cluster.Settle();
        Assert.Equal([1], _cluster[1].Acknowledged);
    }

    [Fact]
    public void Two_of_three_are_enough_for_two()
    {
        _cluster.CutOff(3);
        _cluster.Submit(1, 1, AckRule.Members(2, AckStage.Durable));
        _cluster.Deliver();
        _cluster.Sync(2);
        _cluster.Deliver();
        Assert.Empty(_cluster[1].Acknowledged);
        _cluster.Sync(1);
        Assert.Equal([1], _cluster[1].Acknowledged);
    }

    [Fact]
    public void Named_members_must_be_among_those_who_have_it()
    {
        _cluster.CutOff(3);
        _cluster.Submit(1, 1, AckRule.OfGroups(2, [[_cluster[1].Id, _cluster[2].Id], [_cluster[3].Id]], AckStage.Durable));
        _cluster.Settle();
        Assert.Empty(_cluster[1].Acknowledged);
        _cluster.Heal();
        _cluster.Tick(1, 200);
        _cluster.Settle();
        Assert.Equal([1], _cluster[1].Acknowledged);
    }

    [Fact]
    public void Applied_waits_for_those_who_apply()
    {
        _cluster.Submit(1, 1, AckRule.All(AckStage.Applied));
        for (int i = 0; i < 3; i++)
        {
            _cluster.Deliver();
            _cluster.Sync(1);
            _cluster.Sync(2);
            _cluster.Sync(3);
        }

        _cluster.Apply(1);
        _cluster.Apply(2);
        _cluster.Deliver();
        Assert.Empty(_cluster[1].Acknowledged);
        _cluster.Apply(3);
        _cluster.Deliver();
        Assert.Equal([1], _cluster[1].Acknowledged);
    }

    [Fact]
    public void A_member_that_forwards_is_told_by_the_leader()
    {
        _cluster.Submit(2, 1, AckRule.Leader(AckStage.Received));
        _cluster.Submit(2, 2, AckRule.Leader(AckStage.Durable));
        _cluster.Deliver();
        Assert.Equal([1], _cluster[2].Acknowledged);
        _cluster.Sync(1);
        _cluster.Deliver();
        _cluster.Sync(1);
        _cluster.Deliver();
        Assert.Equal([1, 2], _cluster[2].Acknowledged);
        Assert.Empty(_cluster[1].Acknowledged);
    }

    [Fact]
    public void A_leader_that_is_none_any_more_acknowledges_nothing()
    {
        _cluster.CutOff(1);
        _cluster.Submit(1, 1, AckRule.All(AckStage.Durable));
        _cluster.Settle();
        _cluster.ForgetLeader();
        _cluster.Elect(2);
        _cluster.Heal();
        _cluster.Tick(2, 200);
        _cluster.Settle();
        Assert.Equal(Role.Follower, _cluster[1].Replica.Core.Role);
        _cluster.Submit(2, 1, null);
        _cluster.Settle();
        Assert.Empty(_cluster[1].Acknowledged);
    }

    [Fact]
    public void What_a_follower_had_in_memory_and_lost_is_not_counted_once_it_is_lost_sight_of()
    {
        var cluster = new ReplicaCluster(5);
        cluster.Elect(1);
        cluster.CutOff(3);
        cluster.CutOff(4);
        cluster.CutOff(5);
        cluster.Submit(1, 1, AckRule.Majority(AckStage.Received));
        cluster.Deliver();
        Assert.Empty(cluster[1].Acknowledged);
        cluster.Crash(2);
        cluster.Step(cluster[1], new ReplicaInput.Unreachable(cluster[2].Id));
        Assert.True(cluster[1].Replica.Core.ReceivedAt(cluster[2].Id) < cluster[1].Replica.Core.LastPosition.Index);
    }
}
