using static Veche.Raft.Tests.CoreHarness;

namespace Veche.Raft.Tests;

/// <summary>Who should rather lead, and who never.</summary>
public sealed class PriorityTests
{
    private const int ElectionTimeoutMs = 100;

    [Fact]
    public void A_priority_changes_without_a_joint_configuration_and_counts_at_once()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Step(new RaftInput.ChangeConfiguration(ConfigurationChange.OfPriority(M(2), 7)));
        Assert.Equal(Refusal.None, node.Out.Refusal);
        Assert.False(node.Core.Configuration.IsJoint);
        Assert.Equal(7, node.Core.Configuration.PriorityOf(M(2)));
        Assert.Equal(Configuration.DefaultPriority, node.Core.Configuration.PriorityOf(M(3)));
        node.CommitEverything();
        Assert.Equal(7, node.Core.Configuration.PriorityOf(M(2)));
    }

    [Fact]
    public void Priorities_outlive_other_changes_and_go_with_their_member()
    {
        Configuration current = Voters(3).WithPriority(M(2), 5).WithPriority(M(3), 0);
        Assert.True(ConfigurationChange.Of(ConfigurationOperation.Remove, M(3)).TryApply(current, out Configuration? joint, out _));
        Assert.Equal((true, 5), (joint.IsJoint, joint.PriorityOf(M(2))));
        Configuration left = joint.LeaveJoint();
        Assert.Equal(5, left.PriorityOf(M(2)));
        Assert.True(ConfigurationChange.Of(ConfigurationOperation.AddLearner, M(3)).TryApply(left, out Configuration? back, out _));
        Assert.Equal(Configuration.DefaultPriority, back.PriorityOf(M(3)));
    }

    [Fact]
    public void Nobody_who_could_lead_is_refused()
    {
        Configuration current = Voters(2).WithPriority(M(2), 0);
        Assert.False(ConfigurationChange.OfPriority(M(1), 0).TryApply(current, out _, out string? reason));
        Assert.Contains("nobody could ever lead", reason, StringComparison.Ordinal);
        Assert.False(ConfigurationChange.Of(ConfigurationOperation.Remove, M(1)).TryApply(current, out _, out _));
        Assert.False(ConfigurationChange.OfPriority(M(9), 3).TryApply(current, out _, out reason));
        Assert.Contains("not in the configuration", reason, StringComparison.Ordinal);
        Assert.False(ConfigurationChange.OfPriority(M(1), -1).TryApply(current, out _, out _));
        Assert.Throws<ArgumentException>(() => current.WithPriority(M(1), Configuration.MaxPriority + 1));
    }

    [Fact]
    public void A_member_with_priority_zero_does_not_campaign_but_votes()
    {
        CoreHarness node = With(Voters(3).WithPriority(Self, 0));
        for (int i = 0; i < 10; i++)
        {
            node.Wait(2 * ElectionTimeoutMs);
            Assert.Contains(node.Core.Role, (Role[])[Role.Follower, Role.PreCandidate]);
            Assert.Equal(0, node.Core.Term);
        }

        node.Step(new RaftInput.Campaign());
        node.Receive(new TimeoutNow(M(2), Self, 0));
        Assert.Contains(node.Core.Role, (Role[])[Role.Follower, Role.PreCandidate]);
        Assert.Equal(0, node.Core.Term);
        node.Receive(new VoteRequest(M(2), Self, 1, LogPosition.Zero, PreVote: false, LeaderTransfer: false));
        Assert.True(Assert.Single(node.Sent<VoteReply>()).Granted);
    }

    [Fact]
    public void Priority_zero_that_is_not_committed_yet_does_not_bind()
    {
        // It may be the only one whose log can be elected.
        var node = new CoreHarness();
        node.AppendFrom(M(2), 1, LogPosition.Zero, 0, 1);
        Configuration never = Voters(3).WithPriority(Self, 0);
        node.Receive(new AppendRequest(M(2), Self, 1, new LogPosition(1, 1), 2, 1) { Entries = [new Entry(2, 1, EntryKind.Configuration, ConfigurationEntry.Encode(never))] });
        node.Wait(2 * ElectionTimeoutMs);
        Assert.Equal(Role.Candidate, node.Core.Role);
    }

    [Fact]
    public void Leadership_never_goes_to_a_member_with_priority_zero()
    {
        CoreHarness node = With(Voters(3).WithPriority(M(2), 0));
        node.Lead();
        node.Step(new RaftInput.TransferLeadership(M(2)));
        Assert.Equal(Refusal.BadTransferee, node.Out.Refusal);
        node.Step(new RaftInput.TransferLeadership(MemberId.None));
        Assert.Equal(M(3), Assert.Single(node.Sent<TimeoutNow>()).To);
    }

    [Fact]
    public void A_leader_gives_way_to_a_higher_priority_that_has_been_caught_up_for_an_election_timeout()
    {
        CoreHarness node = With(Voters(3).WithPriority(M(2), 3).WithPriority(M(3), 2));
        node.Lead();
        node.Wait(ElectionTimeoutMs);
        Assert.Empty(node.Sent<TimeoutNow>());
        node.Accept(M(2), node.Core.LastPosition.Index);
        node.Accept(M(3), node.Core.LastPosition.Index);
        node.Wait(ElectionTimeoutMs - 1);
        Assert.Empty(node.Sent<TimeoutNow>());
        node.Wait(1);
        Assert.Equal(M(2), Assert.Single(node.Sent<TimeoutNow>()).To);
        Assert.Equal(M(2), node.Core.TransferTarget);
    }

    [Fact]
    public void Equal_priorities_leave_the_leader_alone()
    {
        CoreHarness node = With(Voters(3).WithPriority(Self, 2).WithPriority(M(2), 2));
        node.Lead();
        for (int i = 0; i < 5; i++)
        {
            node.Accept(M(2), node.Core.LastPosition.Index);
            node.Accept(M(3), node.Core.LastPosition.Index);
            node.Wait(ElectionTimeoutMs);
            Assert.True(node.Core.TransferTarget.IsNone);
        }
    }

    [Fact]
    public void Who_is_behind_is_not_offered_leadership()
    {
        CoreHarness node = With(Voters(3).WithPriority(M(2), 3));
        node.Lead();
        node.Propose("x");
        node.Wait(ElectionTimeoutMs);
        for (int i = 0; i < 3; i++)
        {
            node.Receive(new HeartbeatReply(M(2), Self, node.Core.Term, 1));
            node.Wait(ElectionTimeoutMs);
            Assert.True(node.Core.TransferTarget.IsNone);
        }
    }

    [Fact]
    public void Who_is_silent_is_not_offered_leadership()
    {
        CoreHarness node = With(Voters(3).WithPriority(M(2), 3));
        node.Lead();
        for (int i = 0; i < 3; i++)
        {
            node.Wait(ElectionTimeoutMs);
            Assert.True(node.Core.TransferTarget.IsNone);
        }
    }

    [Fact]
    public void An_offer_that_is_not_taken_is_not_repeated_at_once()
    {
        CoreHarness node = With(Voters(3).WithPriority(M(2), 3));
        node.Lead();
        int offers = 0;
        int sinceLast = 0;
        int least = int.MaxValue;
        for (int i = 0; i < 40; i++)
        {
            node.Accept(M(2), node.Core.LastPosition.Index);
            bool before = node.Core.TransferTarget.IsNone;
            node.Wait(ElectionTimeoutMs);
            sinceLast++;
            if (before && !node.Core.TransferTarget.IsNone)
            {
                least = offers > 0 ? Math.Min(least, sinceLast) : least;
                offers++;
                sinceLast = 0;
            }
        }

        Assert.True(offers >= 2 && least >= 10, $"{offers} offers, {least} election timeouts apart at least");
    }

    [Fact]
    public void No_offer_while_leadership_is_being_handed_over_already()
    {
        CoreHarness node = With(Voters(3).WithPriority(M(2), 3));
        node.Lead();
        node.Propose("x");
        node.Wait(ElectionTimeoutMs);
        node.Accept(M(2), node.Core.LastPosition.Index);
        node.Wait(ElectionTimeoutMs - 20);
        node.Step(new RaftInput.TransferLeadership(M(3)));
        node.Wait(20);
        Assert.Equal(M(3), node.Core.TransferTarget);
    }

    [Fact]
    public void Who_may_not_lead_brings_up_to_date_who_may()
    {
        CoreHarness node = CaretakerFor2();
        node.Propose("x");
        Assert.Equal(Refusal.TransferInProgress, node.Out.Refusal);
        node.Accept(M(2), node.Core.LastPosition.Index);
        Assert.Equal(M(2), Assert.Single(node.Sent<TimeoutNow>()).To);
    }

    [Fact]
    public void Who_leads_only_to_hand_over_says_so_again_when_it_was_not_heard()
    {
        // The other was ill when the word came. Found by the mini-cluster, seed 900.
        CoreHarness node = CaretakerFor2();
        node.Accept(M(2), node.Core.LastPosition.Index);
        Assert.Single(node.Sent<TimeoutNow>());
        node.Receive(new HeartbeatReply(M(2), Self, 3, 1));
        node.Wait(ElectionTimeoutMs);
        Assert.Equal(M(2), Assert.Single(node.Sent<TimeoutNow>()).To);
    }

    [Fact]
    public void Who_leads_only_to_hand_over_stops_when_the_other_falls_silent()
    {
        CoreHarness node = CaretakerFor2();
        node.Receive(new HeartbeatReply(M(2), Self, 3, 1));
        node.Wait(ElectionTimeoutMs);
        Assert.Equal(Role.Leader, node.Core.Role);
        node.Wait(ElectionTimeoutMs);
        Assert.Equal(Role.Follower, node.Core.Role);
        node.Wait(2 * ElectionTimeoutMs);
        Assert.Equal(Role.Follower, node.Core.Role);
    }

    [Fact]
    public void Who_may_not_lead_asks_after_long_silence_who_is_there_and_serves_who_may()
    {
        // A learner that was promoted and has not heard of it does not campaign, and only this member can tell it. Found by veche sim, seed 901683151437007763.
        CoreHarness node = NotToLeadAndAsking(Voters(3).WithPriority(Self, 0));
        node.Receive(new VoteReply(M(2), Self, 2, Granted: true, PreVote: true));
        Assert.Equal((Role.Candidate, 2L), (node.Core.Role, node.Core.Term));
        node.Persist();
        node.Receive(new VoteReply(M(2), Self, 2, Granted: true, PreVote: false));
        Assert.Equal((Role.Leader, M(2)), (node.Core.Role, node.Core.TransferTarget));
    }

    [Fact]
    public void Who_may_not_lead_does_not_lead_where_only_others_that_may_not_are_there()
    {
        CoreHarness node = NotToLeadAndAsking(Voters(3).WithPriority(Self, 0).WithPriority(M(3), 0));
        node.Receive(new VoteReply(M(3), Self, 2, Granted: true, PreVote: true));
        node.Wait(2 * ElectionTimeoutMs);
        node.Receive(new VoteReply(M(3), Self, 2, Granted: true, PreVote: true));
        Assert.Equal((Role.PreCandidate, 1L), (node.Core.Role, node.Core.Term));
    }

    [Fact]
    public void Unknown_attributes_are_passed_over_unless_they_must_be_known()
    {
        byte[] Encoded(byte tag) => [1, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0, 1, 9, 0, tag, 1, 77, 1, 4, 5, 0, 0, 0];
        Assert.True(ConfigurationEntry.TryDecode(Encoded(2), out Configuration? configuration, out _));
        Assert.Equal(5, configuration.PriorityOf(M(9)));
        Assert.False(ConfigurationEntry.TryDecode(Encoded(128), out _, out _));
        Assert.False(ConfigurationEntry.TryDecode(Encoded(1), out _, out _));
    }

    /// <summary>Voter 2 may lead and lacks an entry that only this member, which may not, still holds: the third is gone.</summary>
    private static CoreHarness CaretakerFor2()
    {
        var node = new CoreHarness(start: new RaftStart
        {
            HardState = new HardState(1, M(3)),
            Base = new SnapshotPoint(LogPosition.Zero, Voters(3).WithPriority(Self, 0)),
            Entries = [new EntrySummary(1, 1, Entry.OverheadBytes)],
            CommittedIndex = 1,
        });
        node.Receive(new VoteRequest(M(2), Self, 2, LogPosition.Zero, PreVote: false, LeaderTransfer: false));
        Assert.False(Assert.Single(node.Sent<VoteReply>()).Granted);
        node.Persist();
        node.Wait(2 * ElectionTimeoutMs);
        node.Persist();
        node.Receive(new VoteReply(M(2), Self, 3, Granted: true, PreVote: false));
        Assert.Equal((Role.Leader, M(2)), (node.Core.Role, node.Core.TransferTarget));
        return node;
    }

    /// <summary>Nobody has led since long, and nobody has asked for a vote: it asks who would give one, for no term that it begins.</summary>
    private static CoreHarness NotToLeadAndAsking(Configuration configuration)
    {
        var node = new CoreHarness(start: new RaftStart
        {
            HardState = new HardState(1, M(3)),
            Base = new SnapshotPoint(LogPosition.Zero, configuration),
            Entries = [new EntrySummary(1, 1, Entry.OverheadBytes)],
            CommittedIndex = 1,
        });
        for (int timeouts = 0; timeouts < 6; timeouts++)
        {
            node.Wait(2 * ElectionTimeoutMs);
            Assert.Empty(node.Sent<VoteRequest>());
        }

        node.Wait(2 * ElectionTimeoutMs);
        Assert.NotEmpty(node.Sent<VoteRequest>());
        Assert.All(node.Sent<VoteRequest>(), static request => Assert.True(request.PreVote));
        Assert.Equal((Role.PreCandidate, 1L), (node.Core.Role, node.Core.Term));
        return node;
    }

    private static CoreHarness With(Configuration configuration) => new(start: new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, configuration) });
}
