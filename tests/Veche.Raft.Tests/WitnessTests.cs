using static Veche.Raft.Tests.CoreHarness;

namespace Veche.Raft.Tests;

/// <summary>Voters without data: what they count for, what they never do, and which clusters they may be in.</summary>
public sealed class WitnessTests
{
    private const int ElectionTimeoutMs = 100;

    private static readonly RaftOptions AsWitness = DefaultOptions with { IsWitness = true };

    [Fact]
    public void A_witness_votes_and_never_campaigns()
    {
        CoreHarness node = With(Voters(3).WithWitnesses([Self]), AsWitness);
        for (int i = 0; i < 10; i++)
        {
            node.Wait(2 * ElectionTimeoutMs);
        }

        node.Step(new RaftInput.Campaign());
        node.Receive(new TimeoutNow(M(2), Self, 0));
        Assert.Equal((Role.Follower, 0), (node.Core.Role, node.Core.Term));
        node.Receive(new VoteRequest(M(2), Self, 1, LogPosition.Zero, PreVote: false, LeaderTransfer: false));
        Assert.True(Assert.Single(node.Sent<VoteReply>()).Granted);
    }

    [Fact]
    public void A_witness_does_not_lead_for_the_sake_of_one_that_is_behind()
    {
        // A member with priority 0 would: it has what the other lacks. A witness has only its name.
        CoreHarness node = With(Voters(3).WithWitnesses([Self]), AsWitness);
        node.Receive(new AppendRequest(M(2), Self, 1, LogPosition.Zero, 1, 0) { Entries = [new Entry(1, 1, EntryKind.Command, default)], ForWitness = true });
        node.Persist();
        node.Wait(3 * ElectionTimeoutMs);
        node.Receive(new VoteRequest(M(3), Self, 5, LogPosition.Zero, PreVote: false, LeaderTransfer: false));
        Assert.False(Assert.Single(node.Sent<VoteReply>()).Granted);
        for (int i = 0; i < 10; i++)
        {
            node.Wait(2 * ElectionTimeoutMs);
            Assert.Equal(Role.Follower, node.Core.Role);
        }
    }

    [Fact]
    public void A_witness_counts_for_a_commit()
    {
        CoreHarness node = With(Voters(3).WithWitnesses([M(3)]));
        node.Lead();
        node.Propose("a");
        node.Persist();
        node.Accept(M(3), node.Core.LastPosition.Index);
        Assert.Equal(node.Core.LastPosition.Index, node.Core.CommitIndex);
        Assert.Equal(node.Core.CommitIndex - 1, node.Core.CopiedIndex);
        node.Accept(M(2), node.Core.LastPosition.Index);
        Assert.Equal(node.Core.CommitIndex, node.Core.CopiedIndex);
    }

    [Fact]
    public void A_follower_hears_how_far_data_is_copied()
    {
        CoreHarness node = With(Voters(3).WithWitnesses([M(3)]));
        node.AppendFrom(M(2), 1, LogPosition.Zero, 0, 1, 1);
        node.Persist();
        node.Receive(new Heartbeat(M(2), Self, 1, 2, 0) { Copied = 1 });
        Assert.Equal((2, 1), (node.Core.CommitIndex, node.Core.CopiedIndex));
    }

    [Fact]
    public void A_witness_is_sent_only_what_could_be_committed_with_its_help()
    {
        CoreHarness node = With(Voters(3).WithWitnesses([M(3)]));
        node.Lead();
        node.Propose("a", "b");
        Assert.Equal([M(2)], node.Sent<AppendRequest>().Select(static append => append.To));
        node.Persist();
        AppendRequest append = Assert.Single(node.Sent<AppendRequest>());
        Assert.Equal((M(3), true, node.Core.LastPosition.Index), (append.To, append.ForWitness, append.LastIndex));

        node.Propose("c");
        node.Accept(M(2), node.Core.LastPosition.Index);
        Assert.Equal(node.Core.LastPosition.Index, Assert.Single(node.Sent<AppendRequest>()).LastIndex);
    }

    [Fact]
    public void Where_a_commit_needs_two_copies_a_witness_is_sent_what_two_hold()
    {
        // 3 + 1: a leader that is gone for good must not leave a witness that votes for neither of the two that are left.
        CoreHarness node = With(Voters(4).WithWitnesses([M(4)]));
        node.Lead();
        node.Propose("a");
        node.Persist();
        Assert.DoesNotContain(node.Sent<AppendRequest>(), static append => append.To == M(4));
        node.Accept(M(3), node.Core.LastPosition.Index);
        Assert.Contains(node.Sent<AppendRequest>(), append => append.To == M(4) && append.LastIndex == node.Core.LastPosition.Index);
    }

    [Fact]
    public void What_only_a_leader_holds_that_is_being_removed_is_not_sent_to_a_witness()
    {
        // It would go, and nobody who stays could get the vote of the witness. Found by the mini-cluster, seed 374.
        CoreHarness node = With(Voters(3).WithWitnesses([M(3)]));
        node.Lead();
        node.Step(new RaftInput.ChangeConfiguration(ConfigurationChange.Of(ConfigurationOperation.Remove, Self)));
        node.Persist();
        Assert.Empty(node.Sent<AppendRequest>());
        node.Accept(M(2), node.Core.LastPosition.Index);
        Assert.Contains(node.Sent<AppendRequest>(), static append => append.To == M(3) && append.LastIndex > append.Previous.Index);
    }

    [Fact]
    public void Others_are_sent_entries_before_they_are_durable()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Propose("a");
        Assert.Equal([(M(2), false), (M(3), false)], node.Sent<AppendRequest>().Select(static append => (append.To, append.ForWitness)));
    }

    [Fact]
    public void Leadership_never_goes_to_a_witness()
    {
        CoreHarness node = With(Voters(3).WithWitnesses([M(3)]));
        node.Lead();
        node.Step(new RaftInput.TransferLeadership(M(3)));
        Assert.Equal(Refusal.BadTransferee, node.Out.Refusal);
        node.Step(new RaftInput.TransferLeadership(MemberId.None));
        Assert.Equal(M(2), node.Core.TransferTarget);
    }

    [Theory]
    [InlineData(1, 1, 0, 0, true)]
    [InlineData(2, 1, 0, 0, true)]
    [InlineData(3, 2, 0, 0, true)]
    [InlineData(4, 1, 0, 0, true)]
    [InlineData(2, 2, 0, 0, true)]
    [InlineData(0, 1, 0, 0, false)]
    [InlineData(0, 3, 0, 0, false)]
    [InlineData(1, 2, 0, 0, false)]
    [InlineData(2, 3, 0, 0, false)]
    [InlineData(2, 1, 3, 1, false)]
    [InlineData(4, 1, 4, 2, true)]
    [InlineData(3, 2, 4, 2, false)]
    [InlineData(3, 2, 3, 3, true)]
    [InlineData(1, 2, 2, 3, true)]
    public void A_commit_quorum_made_of_witnesses_alone_is_refused(int data, int witnesses, int election, int commit, bool isSafe)
    {
        var sizes = new QuorumSizes(election, commit);
        Assert.Equal(isSafe, sizes.Fit(data + witnesses, witnesses, out string? reason));
        Assert.Equal(isSafe, reason is null);
        MemberId[] without = [.. Enumerable.Range(data + 1, witnesses).Select(M)];
        Configuration all = Voters(data + witnesses).WithQuorums(sizes);
        if (isSafe)
        {
            Configuration configuration = all.WithWitnesses(without);
            Assert.False(configuration.HasCommitQuorum(configuration.IsWitness));
        }
        else
        {
            Assert.Contains("witness", Assert.Throws<ArgumentException>(() => all.WithWitnesses(without)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_change_that_leaves_too_many_witnesses_is_refused()
    {
        Configuration current = Voters(5).WithWitnesses([M(4), M(5)]);
        Assert.False(ConfigurationChange.Of(ConfigurationOperation.AddVoter, M(6)) is var add && (add with { Witnesses = [M(6)], Quorums = new QuorumSizes(4, 3) }).TryApply(current, out _, out string? reason), "three witnesses with a commit quorum of three");
        Assert.True((ConfigurationChange.Of(ConfigurationOperation.AddVoter, M(6)) with { Witnesses = [M(6)] }).TryApply(current, out _, out reason), reason);
        var change = new ConfigurationChange([(ConfigurationOperation.Remove, M(1)), (ConfigurationOperation.Remove, M(2))], default);
        Assert.False(change.TryApply(current, out _, out reason));
        Assert.Contains("witnesses", reason, StringComparison.Ordinal);
        Assert.False(ConfigurationChange.OfQuorums(new QuorumSizes(4, 2)).TryApply(current, out _, out _));
    }

    [Fact]
    public void What_a_member_is_does_not_change()
    {
        Configuration current = Voters(3).WithWitnesses([M(3)]);
        Assert.False((ConfigurationChange.Of(ConfigurationOperation.AddLearner, M(4)) with { Witnesses = [M(2)] }).TryApply(current, out _, out string? reason));
        Assert.Contains("under another id", reason, StringComparison.Ordinal);
        var again = new ConfigurationChange([(ConfigurationOperation.Remove, M(3)), (ConfigurationOperation.AddVoter, M(3))], default);
        Assert.False(again.TryApply(current, out _, out reason));
        Assert.Contains("is a witness", reason, StringComparison.Ordinal);
        Assert.False((ConfigurationChange.Of(ConfigurationOperation.AddLearner, M(4)) with { Witnesses = [M(5)] }).TryApply(current, out _, out _));
        Assert.False(ConfigurationChange.OfPriority(M(3), 2).TryApply(current, out _, out reason));
        Assert.Contains("never leads", reason, StringComparison.Ordinal);
        Assert.Equal(0, current.PriorityOf(M(3)));
    }

    [Fact]
    public void A_witness_may_begin_as_a_learner()
    {
        Assert.True((ConfigurationChange.Of(ConfigurationOperation.AddLearner, M(3)) with { Witnesses = [M(3)] }).TryApply(Voters(2), out Configuration? listening, out string? reason), reason);
        Assert.Equal((true, true), (listening.IsLearner(M(3)), listening.IsWitness(M(3))));
        Assert.True(ConfigurationChange.Of(ConfigurationOperation.Promote, M(3)).TryApply(listening, out Configuration? joint, out reason), reason);
        Assert.Equal((true, true), (joint.LeaveJoint().IsVoter(M(3)), joint.LeaveJoint().IsWitness(M(3))));
    }

    [Fact]
    public void Configurations_with_witnesses_survive_encoding_and_older_versions_refuse_them()
    {
        Configuration configuration = Configuration.Of([M(1), M(2), M(3)], [M(4)], [M(1), M(2), M(5)]).WithWitnesses([M(3), M(4)]).WithPriority(M(1), 7);
        ReadOnlyMemory<byte> entry = ConfigurationEntry.Encode(configuration, "context"u8);
        Assert.True(ConfigurationEntry.TryDecode(entry, out Configuration? decoded, out ReadOnlyMemory<byte> context));
        Assert.Equal(configuration, decoded);
        Assert.Equal("context"u8, context.Span);

        // The tag of the attribute is one that has to be known.
        byte[] bytes = entry.ToArray();
        int tag = Array.IndexOf(bytes, (byte)129);
        Assert.InRange(tag, 0, bytes.Length);
        bytes[tag] = 254;
        Assert.False(ConfigurationEntry.TryDecode(bytes, out _, out _));
    }

    [Fact]
    public void A_witness_that_is_counted_as_a_copy_stops_before_it_acknowledges()
    {
        // It was added without saying so.
        CoreHarness node = new(options: AsWitness, start: new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Configuration.Empty) });
        InvariantBrokenException mistaken = Assert.Throws<InvariantBrokenException>(() => node.AppendFrom(M(2), 1, LogPosition.Zero, 0, 1));
        Assert.Contains("started as a witness", mistaken.Message, StringComparison.Ordinal);
        Assert.Throws<InvariantBrokenException>(() => With(Voters(3), AsWitness));
    }

    [Fact]
    public void A_member_with_data_that_is_sent_none_stops_before_it_acknowledges()
    {
        CoreHarness node = new(start: new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Configuration.Empty) });
        InvariantBrokenException mistaken = Assert.Throws<InvariantBrokenException>(() => node.Receive(
            new AppendRequest(M(2), Self, 1, LogPosition.Zero, 1, 0) { Entries = [new Entry(1, 1, EntryKind.Command, default)], ForWitness = true }));
        Assert.Contains("has it as a witness", mistaken.Message, StringComparison.Ordinal);
        Assert.Throws<InvariantBrokenException>(() => With(Voters(3).WithWitnesses([Self])));
    }

    private static CoreHarness With(Configuration configuration, RaftOptions? options = null) =>
        new(options: options, start: new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, configuration) });
}
