using CsCheck;
using static Veche.Raft.Tests.CoreHarness;

namespace Veche.Raft.Tests;

/// <summary>Raft §6 and thesis §3.10: who is a member, and who leads next.</summary>
public sealed class MembershipTests
{
    [Fact]
    public void Voters_change_through_a_joint_configuration_that_counts_at_once()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Step(new RaftInput.ChangeConfiguration(ConfigurationChange.Of(ConfigurationOperation.AddVoter, M(4))));
        Assert.Equal(Refusal.None, node.Out.Refusal);
        Assert.True(node.Core.Configuration.IsJoint);
        Assert.Contains(node.Sent<AppendRequest>(), static append => append.To == M(4));
        node.Step(new RaftInput.ChangeConfiguration(ConfigurationChange.Of(ConfigurationOperation.AddVoter, M(5))));
        Assert.Equal(Refusal.ConfigurationBusy, node.Out.Refusal);
        node.CommitEverything();
        Assert.False(node.Core.Configuration.IsJoint);
        Assert.Equal(4, node.Core.Configuration.Voters.Count);
    }

    [Fact]
    public void No_change_before_an_entry_of_the_term_has_committed()
    {
        var node = new CoreHarness();
        node.BecomeLeader();
        node.Step(new RaftInput.ChangeConfiguration(ConfigurationChange.Of(ConfigurationOperation.AddLearner, M(4))));
        Assert.Equal(Refusal.ConfigurationBusy, node.Out.Refusal);
    }

    [Fact]
    public void A_learner_gets_the_log_and_does_not_count()
    {
        var node = new CoreHarness(1);
        node.Lead();
        node.Step(new RaftInput.ChangeConfiguration(ConfigurationChange.Of(ConfigurationOperation.AddLearner, M(2))));
        node.Persist();
        Assert.Equal(node.Core.LastPosition.Index, node.Core.CommitIndex);
        Assert.True(node.Core.Configuration.IsLearner(M(2)));
        node.Step(new RaftInput.TransferLeadership(M(2)));
        Assert.Equal(Refusal.BadTransferee, node.Out.Refusal);
    }

    [Fact]
    public void A_leader_that_is_removed_goes_when_its_removal_commits()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Step(new RaftInput.ChangeConfiguration(ConfigurationChange.Of(ConfigurationOperation.Remove, Self)));
        node.CommitEverything();
        Assert.Equal(Role.Leader, node.Core.Role);
        Assert.False(node.Core.Configuration.IsVoter(Self));
        node.Accept(M(2), node.Core.LastPosition.Index);
        Assert.Equal(Role.Leader, node.Core.Role);
        node.Accept(M(3), node.Core.LastPosition.Index);
        Assert.Equal(Role.Follower, node.Core.Role);
    }

    [Fact]
    public void A_configuration_that_is_truncated_is_rolled_back()
    {
        var node = new CoreHarness();
        node.AppendFrom(M(2), 1, LogPosition.Zero, 0, 1);
        Configuration next = Configuration.Of([M(1), M(2), M(3), M(4)], outgoingVoters: [M(1), M(2), M(3)]);
        node.Receive(new AppendRequest(M(2), Self, 1, new LogPosition(1, 1), 2, 0) { Entries = [new Entry(2, 1, EntryKind.Configuration, ConfigurationEntry.Encode(next))] });
        Assert.Equal(next, node.Core.Configuration);
        node.AppendFrom(M(3), 2, new LogPosition(1, 1), 0, 2);
        Assert.Equal(Voters(3), node.Core.Configuration);
    }

    [Fact]
    public void A_voter_whose_removal_is_not_committed_still_campaigns()
    {
        // Found by the mini-cluster, seed 67.
        var node = new CoreHarness();
        node.AppendFrom(M(2), 1, LogPosition.Zero, 0, 1);
        Configuration without = Configuration.Of([M(2), M(3)]);
        node.Receive(new AppendRequest(M(2), Self, 1, new LogPosition(1, 1), 2, 1) { Entries = [new Entry(2, 1, EntryKind.Configuration, ConfigurationEntry.Encode(without))] });
        node.Wait(200);
        Assert.Equal(Role.Candidate, node.Core.Role);
    }

    [Fact]
    public void Leadership_is_handed_to_a_voter_that_is_caught_up()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Propose("x");
        node.Step(new RaftInput.TransferLeadership(M(2)));
        Assert.Empty(node.Sent<TimeoutNow>());
        node.Propose("y");
        Assert.Equal(Refusal.TransferInProgress, node.Out.Refusal);
        node.Persist();
        node.Accept(M(2), 2);
        Assert.Equal(M(2), Assert.Single(node.Sent<TimeoutNow>()).To);
        node.Wait(100);
        Assert.True(node.Core.TransferTarget.IsNone);
        node.Propose("y");
        Assert.Equal(Refusal.None, node.Out.Refusal);
    }

    [Fact]
    public void Any_two_quorums_share_a_member()
    {
        Gen.Select(Gen.Int[1, 5], Gen.Int[0, 5], Gen.Int[0, 1023], Gen.Int[0, 1023]).Sample((voters, outgoing, left, right) =>
        {
            Configuration configuration = Configuration.Of(
                Enumerable.Range(1, voters).Select(M), outgoingVoters: Enumerable.Range(voters / 2 + 1, outgoing).Select(M));
            bool InLeft(MemberId member) => (left >> (int)member.Value & 1) != 0;
            bool InRight(MemberId member) => (right >> (int)member.Value & 1) != 0;
            return !configuration.HasQuorum(InLeft) || !configuration.HasQuorum(InRight) || configuration.AllMembers.Any(member => InLeft(member) && InRight(member));
        });
    }

    /// <summary>Whatever sizes are accepted: who can elect meets who has committed, and anybody else who can elect; also when the other still knows only a half of the joint configuration.</summary>
    [Fact]
    public void Any_election_quorum_meets_any_commit_quorum_and_any_election_quorum()
    {
        int accepted = 0;
        Gen.Select(Gen.Int[1, 5], Gen.Int[0, 5], Gen.Int[0, 6].Array[4], Gen.Int[0, 2047], Gen.Int[0, 2047]).Sample((voters, outgoing, sizes, left, right) =>
        {
            var parts = new Configuration.Parts([.. Enumerable.Range(1, voters).Select(M)], [.. Enumerable.Range(voters / 2 + 1, outgoing).Select(M)], [])
            {
                Quorums = new QuorumSizes(sizes[0], sizes[1]),
                OutgoingQuorums = outgoing == 0 ? QuorumSizes.Majority : new QuorumSizes(sizes[2], sizes[3]),
            };
            if (!Configuration.TryMake(parts, out Configuration? whole, out _))
            {
                return true;
            }

            Interlocked.Increment(ref accepted);
            bool InLeft(MemberId member) => (left >> (int)member.Value & 1) != 0;
            bool InRight(MemberId member) => (right >> (int)member.Value & 1) != 0;
            List<Configuration> known = [whole, .. outgoing == 0 ? [] : new[] { whole.LeaveJoint(), Configuration.Of(whole.OutgoingVoters).WithQuorums(whole.OutgoingQuorums) }];
            bool Meet(Configuration one, Configuration other) =>
                !one.HasElectionQuorum(InLeft) || !(other.HasCommitQuorum(InRight) || other.HasElectionQuorum(InRight)) || whole.AllMembers.Any(member => InLeft(member) && InRight(member));
            return known.TrueForAll(one => Meet(whole, one) && Meet(one, whole) && Meet(one, one));
        }, iter: 20_000);
        Assert.True(accepted > 1000, $"only {accepted} configurations were accepted");
    }

    [Fact]
    public void Sizes_of_quorums_change_through_a_joint_configuration_in_which_both_count()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Step(new RaftInput.ChangeConfiguration(ConfigurationChange.OfQuorums(new QuorumSizes(3, 1))));
        long joint = node.Core.LastPosition.Index;
        Assert.True(node.Core.Configuration.IsJoint);
        node.Persist();
        Assert.True(node.Core.CommitIndex < joint);
        node.Accept(M(2), joint);
        Assert.Equal(joint, node.Core.CommitIndex);
        Assert.False(node.Core.Configuration.IsJoint);
        node.Persist();
        Assert.Equal(node.Core.LastPosition.Index, node.Core.CommitIndex);
        Assert.Equal(new QuorumSizes(3, 1), node.Core.Configuration.Quorums);
    }

    [Fact]
    public void Sizes_that_need_not_meet_are_refused_and_those_that_a_change_would_make_so()
    {
        var node = new CoreHarness();
        node.Lead();
        foreach (QuorumSizes sizes in (QuorumSizes[])[new(2, 1), new(1, 3), new(4, 1), new(3, 4)])
        {
            node.Step(new RaftInput.ChangeConfiguration(ConfigurationChange.OfQuorums(sizes)));
            Assert.Equal(Refusal.ConfigurationInvalid, node.Out.Refusal);
        }

        Configuration flexible = Voters(3).WithQuorums(new QuorumSizes(3, 1));
        Assert.False(ConfigurationChange.Of(ConfigurationOperation.AddVoter, M(4)).TryApply(flexible, out _, out string? reason));
        Assert.Contains("together they have to be more than 4", reason, StringComparison.Ordinal);
        Assert.True((ConfigurationChange.Of(ConfigurationOperation.AddVoter, M(4)) with { Quorums = new QuorumSizes(3, 2) }).TryApply(flexible, out Configuration? joint, out _));
        Assert.Equal((new QuorumSizes(3, 2), new QuorumSizes(3, 1)), (joint.Quorums, joint.OutgoingQuorums));
    }

    [Fact]
    public void A_read_needs_as_many_as_a_commit()
    {
        var node = new CoreHarness(start: new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Voters(5).WithQuorums(new QuorumSizes(4, 2))) });
        node.Lead();
        node.Step(new RaftInput.ReadIndex(1, AllowLease: false));
        Assert.Empty(node.Out.Reads);
        node.Receive(new HeartbeatReply(M(2), Self, node.Core.Term, node.Sent<Heartbeat>()[0].Round));
        Assert.Equal(Refusal.None, Assert.Single(node.Out.Reads).Refusal);
    }

    [Fact]
    public void An_election_needs_its_own_number_of_votes()
    {
        var node = new CoreHarness(start: new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Voters(5).WithQuorums(new QuorumSizes(4, 2))) });
        node.Step(new RaftInput.Campaign());
        node.Persist();
        node.Receive(new VoteReply(M(2), Self, 1, Granted: true, PreVote: false));
        node.Receive(new VoteReply(M(3), Self, 1, Granted: true, PreVote: false));
        Assert.Equal(Role.Candidate, node.Core.Role);
        node.Receive(new VoteReply(M(4), Self, 1, Granted: true, PreVote: false));
        Assert.Equal(Role.Leader, node.Core.Role);
    }

    [Fact]
    public void The_quorum_index_is_the_highest_that_a_quorum_has()
    {
        Gen.Select(Gen.Long[0, 6].Array[8], Gen.Int[1, 5], Gen.Int[0, 3]).Sample((reached, voters, outgoing) =>
        {
            Configuration configuration = Configuration.Of(Enumerable.Range(1, voters).Select(M), outgoingVoters: Enumerable.Range(3, outgoing).Select(M));
            long Reached(MemberId member) => reached[(int)member.Value - 1];
            long naive = Enumerable.Range(0, 8).Last(index => index == 0 || configuration.HasCommitQuorum(member => Reached(member) >= index));
            return configuration.QuorumIndex(Reached) == naive;
        });
    }

    [Fact]
    public void A_configuration_survives_encoding_and_garbage_does_not_pass()
    {
        Gen.Byte.Array[0, 60].Sample(bytes =>
        {
            if (ConfigurationEntry.TryDecode(bytes, out Configuration? configuration, out ReadOnlyMemory<byte> context))
            {
                Assert.True(ConfigurationEntry.TryDecode(ConfigurationEntry.Encode(configuration, context.Span), out Configuration? again, out _));
                Assert.Equal(configuration, again);
            }
        });
        Configuration.Parts parts = new([M(1), M(2), M(4)], [M(2), M(3)], [M(9)]) { Quorums = new QuorumSizes(3, 1), OutgoingQuorums = new QuorumSizes(2, 0), Priorities = new Dictionary<MemberId, int> { [M(1)] = 0, [M(9)] = 4 } };
        Assert.True(Configuration.TryMake(parts, out Configuration? joint, out _));
        Assert.True(ConfigurationEntry.TryDecode(ConfigurationEntry.Encode(joint, "why"u8), out Configuration? decoded, out ReadOnlyMemory<byte> why));
        Assert.Equal(joint, decoded);
        Assert.Equal("why"u8.ToArray(), why.ToArray());
    }
}
