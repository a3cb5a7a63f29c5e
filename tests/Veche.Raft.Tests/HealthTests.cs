using static Veche.Raft.Tests.CoreHarness;

namespace Veche.Raft.Tests;

/// <summary>A leader that cannot get on gives leadership to one that can.</summary>
public sealed class HealthTests
{
    private const int ElectionTimeoutMs = 100;
    private const int BoundMs = 400;

    [Fact]
    public void A_leader_whose_disk_stands_still_hands_over()
    {
        CoreHarness node = Leading();
        node.Propose("x");
        Assert.Equal(Ailments.None, AfterHeartbeats(node, BoundMs));
        Assert.True(node.Core.TransferTarget.IsNone);
        Assert.Equal(Ailments.Disk, AfterHeartbeats(node, 20));
        Assert.Equal(M(2), node.Core.TransferTarget);
        node.Accept(M(2), node.Core.LastPosition.Index);
        Assert.Equal(M(2), Assert.Single(node.Sent<TimeoutNow>()).To);
    }

    [Fact]
    public void A_leader_whose_state_machine_stands_still_hands_over()
    {
        CoreHarness node = Leading();
        node.Step(new RaftInput.ApplyStalled(true));
        AfterHeartbeats(node, 10);
        Assert.Equal((Ailments.Apply, M(2)), (node.Core.Ailments, node.Core.TransferTarget));
    }

    [Fact]
    public void A_leader_that_does_not_get_to_run_hands_over()
    {
        CoreHarness node = Leading();
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(Ailments.None, node.Core.Ailments);
            node.Wait(10 + (ElectionTimeoutMs / 2));
            Answer(node);
        }

        AfterHeartbeats(node, 10);
        Assert.Equal((Ailments.Loop, M(2)), (node.Core.Ailments, node.Core.TransferTarget));
    }

    [Fact]
    public void Two_late_ticks_are_no_illness()
    {
        CoreHarness node = Leading();
        for (int i = 0; i < 10; i++)
        {
            node.Wait(i % 3 == 2 ? 10 : 10 + (ElectionTimeoutMs / 2));
            Answer(node);
        }

        Assert.Equal(Ailments.None, node.Core.Ailments);
    }

    [Fact]
    public void A_slow_disk_that_gets_on_is_no_illness()
    {
        CoreHarness node = Leading();
        for (int i = 0; i < 10; i++)
        {
            node.Propose("x");
            Assert.Equal(Ailments.None, AfterHeartbeats(node, BoundMs));
            node.Persist();
        }
    }

    [Fact]
    public void Leadership_does_not_go_to_somebody_who_is_ill_or_behind()
    {
        CoreHarness node = Leading(illFollowers: [M(2), M(3)]);
        node.Step(new RaftInput.ApplyStalled(true));
        for (int i = 0; i < BoundMs / 10; i++)
        {
            AfterHeartbeats(node, 10, [M(2), M(3)]);
            Assert.Equal((Role.Leader, MemberId.None), (node.Core.Role, node.Core.TransferTarget));
        }

        // Well again, but without what is committed.
        node = new CoreHarness(options: Options, start: new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Voters(3)) });
        node.BecomeLeader();
        node.Persist();
        node.Accept(M(2), 1);
        node.Step(new RaftInput.ApplyStalled(true));
        AfterHeartbeats(node, 20, [M(2)]);
        Assert.True(node.Core.TransferTarget.IsNone);
    }

    [Fact]
    public void An_ill_leader_that_cannot_hand_over_steps_down_when_the_others_can_do_without_it()
    {
        CoreHarness node = Leading(members: 5);
        node.Step(new RaftInput.ApplyStalled(true));
        AfterHeartbeats(node, ElectionTimeoutMs + 20);
        Assert.Equal(Role.Follower, node.Core.Role);

        // Of three, two that answer can too; with one of them ill they cannot.
        node = Leading();
        node.Step(new RaftInput.ApplyStalled(true));
        AfterHeartbeats(node, ElectionTimeoutMs + 20, [M(2)]);
        Assert.Equal(Role.Leader, node.Core.Role);
    }

    [Fact]
    public void Who_is_ill_leaves_elections_to_others_but_not_for_ever()
    {
        var node = new CoreHarness(options: Options);
        node.Step(new RaftInput.ApplyStalled(true));
        node.Receive(new TimeoutNow(M(2), Self, 0));
        Assert.Equal(Role.Follower, node.Core.Role);
        int satOut = 0;
        while (node.Core.Role == Role.Follower && satOut < 100)
        {
            node.Wait(2 * ElectionTimeoutMs);
            satOut++;
        }

        Assert.Equal(5, satOut);
    }

    [Fact]
    public void Who_was_ill_is_well_only_after_a_while()
    {
        var node = new CoreHarness(options: Options);
        node.Step(new RaftInput.ApplyStalled(true));
        node.Step(new RaftInput.ApplyStalled(false));
        Assert.Equal(Ailments.Apply, node.Core.Ailments);
        node.Wait(BoundMs);
        Assert.Equal(Ailments.None, node.Core.Ailments);
    }

    [Fact]
    public void Followers_say_that_they_are_ill()
    {
        var node = new CoreHarness(options: Options);
        node.Receive(new Heartbeat(M(2), Self, 1, 0, 1));
        Assert.False(Assert.Single(node.Sent<HeartbeatReply>()).IsIll);
        node.Step(new RaftInput.ApplyStalled(true));
        node.Receive(new Heartbeat(M(2), Self, 1, 0, 2));
        Assert.True(Assert.Single(node.Sent<HeartbeatReply>()).IsIll);
    }

    [Fact]
    public void Who_is_ill_is_not_given_leadership_for_its_priority()
    {
        CoreHarness node = Leading(illFollowers: [M(2)], configuration: Voters(3).WithPriority(M(2), 9));
        for (int i = 0; i < 5; i++)
        {
            AfterHeartbeats(node, ElectionTimeoutMs, [M(2)]);
            Assert.True(node.Core.TransferTarget.IsNone);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Who_does_not_trust_its_state_hands_over_at_once_whether_progress_is_measured_or_not(bool isMeasured)
    {
        var node = new CoreHarness(options: isMeasured ? Options : DefaultOptions, start: new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Voters(3)) });
        node.Lead();
        Answer(node);
        node.Step(new RaftInput.StateTrusted(false));
        AfterHeartbeats(node, 10);
        Assert.Equal((Ailments.State, M(2)), (node.Core.Ailments, node.Core.TransferTarget));
    }

    [Fact]
    public void Who_does_not_trust_its_state_leaves_twelve_elections_to_the_others_and_votes_as_ever()
    {
        const int ElectionsLeftToOthers = 12;

        var node = new CoreHarness(options: Options);
        node.Step(new RaftInput.StateTrusted(false));
        for (int i = 0; i < ElectionsLeftToOthers; i++)
        {
            node.Wait(2 * ElectionTimeoutMs);
            node.Step(new RaftInput.Campaign());
            Assert.Equal(Role.Follower, node.Core.Role);
        }

        // Its log may be the only one that can be elected.
        node.Wait(2 * ElectionTimeoutMs);
        Assert.NotEqual(Role.Follower, node.Core.Role);
        node.Receive(new Heartbeat(M(2), Self, node.Core.Term, 0, 0));
        node.Wait(2 * ElectionTimeoutMs);
        Assert.Equal(Role.Follower, node.Core.Role);

        node.Receive(new TimeoutNow(M(2), Self, node.Core.Term));
        Assert.Equal(Role.Follower, node.Core.Role);
        node.Receive(new VoteRequest(M(2), Self, node.Core.Term + 1, node.Core.LastPosition, PreVote: false, LeaderTransfer: false));
        Assert.Equal(M(2), node.Core.Vote);
        node.Step(new RaftInput.StateTrusted(true));
        node.Wait(2 * ElectionTimeoutMs);
        Assert.NotEqual(Role.Follower, node.Core.Role);
    }

    [Fact]
    public void A_bound_below_the_election_timeout_is_refused() =>
        Assert.Throws<ArgumentException>(static () => (Options with { StallBoundMs = ElectionTimeoutMs - 1 }).Validate());

    private static RaftOptions Options { get; } = DefaultOptions with { StallBoundMs = BoundMs };

    private static CoreHarness Leading(int members = 3, MemberId[]? illFollowers = null, Configuration? configuration = null)
    {
        var node = new CoreHarness(options: Options, start: new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, configuration ?? Voters(members)) });
        node.Lead();
        Answer(node, illFollowers);
        return node;
    }

    /// <summary>Time passes in heartbeats, and the others answer them.</summary>
    private static Ailments AfterHeartbeats(CoreHarness node, int milliseconds, MemberId[]? ill = null)
    {
        for (int waited = 0; waited < milliseconds && node.Core.Role == Role.Leader; waited += 10)
        {
            Answer(node, ill);
            node.Wait(10);
        }

        return node.Core.Ailments;
    }

    private static void Answer(CoreHarness node, MemberId[]? ill = null)
    {
        foreach (FollowerProgress follower in node.Core.Followers)
        {
            node.Receive(new HeartbeatReply(follower.Member, Self, node.Core.Term, 1) { IsIll = ill?.Contains(follower.Member) == true });
        }
    }
}
