using static Veche.Raft.Tests.CoreHarness;

namespace Veche.Raft.Tests.Paper;

/// <summary>Raft §5.2: leader election.</summary>
public sealed class Section52_ElectionTests
{
    [Fact]
    public void Leader_sends_heartbeats()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Wait(10);
        Assert.Equal([M(2), M(3)], node.Sent<Heartbeat>().Select(static beat => beat.To));
        Assert.All(node.Sent<Heartbeat>(), static beat => Assert.True(beat.Round > 0));
    }

    [Fact]
    public void Follower_starts_an_election_when_it_hears_nothing() => StartsElection(new CoreHarness());

    /// <summary>So the start of a cluster of one does not take an election timeout.</summary>
    [Theory]
    [InlineData(1, null, Role.Leader)]
    [InlineData(2, null, Role.Follower)]
    [InlineData(1, 5, Role.Follower)]
    public void Who_is_alone_does_not_wait_to_hear_from_a_leader(int members, int? leaseClockDriftBoundMs, Role expected)
    {
        var node = new CoreHarness(members, DefaultOptions with { CheckQuorum = true, LeaseClockDriftBoundMs = leaseClockDriftBoundMs });
        node.Wait(0);
        if (node.Writes.Count > 0)
        {
            node.Persist();
        }

        Assert.Equal(expected, node.Core.Role);
    }

    [Fact]
    public void Candidate_starts_a_new_election_when_nobody_wins()
    {
        var node = new CoreHarness();
        StartsElection(node);
        node.Persist();
        StartsElection(node);
    }

    [Theory]
    [InlineData(1, 0, Role.Leader)]
    [InlineData(3, 2, Role.Leader)]
    [InlineData(3, 1, Role.Leader)]
    [InlineData(5, 4, Role.Leader)]
    [InlineData(5, 3, Role.Leader)]
    [InlineData(5, 2, Role.Leader)]
    [InlineData(3, 0, Role.Candidate)]
    [InlineData(5, 1, Role.Candidate)]
    [InlineData(5, 0, Role.Candidate)]
    public void Leader_is_elected_in_one_round_by_a_majority(int members, int votes, Role expected)
    {
        var node = new CoreHarness(members);
        node.Step(new RaftInput.Campaign());
        node.Persist();
        for (int i = 0; i < votes; i++)
        {
            node.Receive(new VoteReply(M(i + 2), Self, 1, Granted: true, PreVote: false));
        }

        Assert.Equal((expected, 1), (node.Core.Role, node.Core.Term));
    }

    [Theory]
    [InlineData(0, 2, true)]
    [InlineData(0, 3, true)]
    [InlineData(2, 2, true)]
    [InlineData(3, 3, true)]
    [InlineData(2, 3, false)]
    [InlineData(3, 2, false)]
    public void Follower_votes_once_a_term_first_come_first_served(int votedFor, int candidate, bool granted)
    {
        var node = new CoreHarness(start: StartWith(3, new HardState(1, new MemberId((ulong)votedFor))));
        node.Receive(new VoteRequest(M(candidate), Self, 1, LogPosition.Zero, PreVote: false, LeaderTransfer: false));
        Assert.Equal(granted, Assert.Single(node.Sent<VoteReply>()).Granted);
    }

    [Fact]
    public void A_vote_leaves_only_after_it_is_durable()
    {
        var node = new CoreHarness();
        node.Receive(new VoteRequest(M(2), Self, 1, LogPosition.Zero, PreVote: false, LeaderTransfer: false));
        Assert.Equal(node.Out.Write!.WriteId, Assert.Single(node.Out.Messages).AfterWrite);
        Assert.Equal(new HardState(1, M(2)), node.Out.Write.HardState);
    }

    [Fact]
    public void A_candidate_does_not_count_its_own_vote_before_it_is_durable()
    {
        var node = new CoreHarness(1);
        node.Step(new RaftInput.Campaign());
        Assert.Equal(Role.Candidate, node.Core.Role);
        node.Persist();
        Assert.Equal(Role.Leader, node.Core.Role);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Candidate_falls_back_when_it_hears_a_leader(long term)
    {
        var node = new CoreHarness();
        node.Step(new RaftInput.Campaign());
        node.AppendFrom(M(2), term, LogPosition.Zero, 0);
        Assert.Equal((Role.Follower, M(2), term), (node.Core.Role, node.Core.Leader, node.Core.Term));
    }

    [Fact]
    public void Election_timeouts_are_random_between_one_and_two_timeouts()
    {
        HashSet<long> seen = [];
        for (ulong seed = 0; seed < 200; seed++)
        {
            var node = new CoreHarness(options: DefaultOptions with { Seed = seed });
            long deadline = node.Step(new RaftInput.Tick()).DeadlineNs;
            Assert.InRange(deadline, 100_000_000, 199_999_999);
            seen.Add(deadline / 10_000_000);
        }

        Assert.Equal(10, seen.Count);
    }

    [Fact]
    public void Members_rarely_time_out_together()
    {
        int conflicts = 0;
        for (ulong seed = 0; seed < 300; seed++)
        {
            long[] deadlines = [.. Enumerable.Range(0, 5).Select(i => new CoreHarness(options: DefaultOptions with { Seed = (seed * 5) + (ulong)i }).Step(new RaftInput.Tick()).DeadlineNs)];
            Array.Sort(deadlines);
            conflicts += deadlines[1] - deadlines[0] < 1_000_000 ? 1 : 0;
        }

        Assert.True(conflicts < 300 * 0.3, $"{conflicts} of 300 elections begin with two candidates within a millisecond");
    }

    [Fact]
    public void Pre_vote_does_not_raise_the_term()
    {
        var node = new CoreHarness(options: DefaultOptions with { PreVote = true });
        node.Wait(200);
        Assert.Equal((Role.PreCandidate, 0L), (node.Core.Role, node.Core.Term));
        Assert.All(node.Sent<VoteRequest>(), static request => Assert.True(request is { PreVote: true, Term: 1 }));
        Assert.Null(node.Out.Write);
        node.Receive(new VoteReply(M(2), Self, 1, Granted: true, PreVote: true));
        Assert.Equal((Role.Candidate, 1L), (node.Core.Role, node.Core.Term));
    }

    [Fact]
    public void A_follower_that_hears_a_leader_ignores_elections()
    {
        var node = new CoreHarness(options: DefaultOptions with { CheckQuorum = true });
        node.AppendFrom(M(2), 1, LogPosition.Zero, 0);
        node.Receive(new VoteRequest(M(3), Self, 7, new LogPosition(9, 6), PreVote: false, LeaderTransfer: false));
        Assert.Equal(1, node.Core.Term);
        Assert.Empty(node.Out.Messages);
        node.Receive(new VoteRequest(M(3), Self, 7, new LogPosition(9, 6), PreVote: false, LeaderTransfer: true));
        Assert.True(Assert.Single(node.Sent<VoteReply>()).Granted);
    }

    [Fact]
    public void A_leader_that_a_quorum_does_not_answer_steps_down()
    {
        var node = new CoreHarness(options: DefaultOptions with { CheckQuorum = true });
        node.Lead();
        node.Wait(100);
        Assert.Equal(Role.Leader, node.Core.Role);
        node.Wait(100);
        Assert.Equal((Role.Follower, MemberId.None), (node.Core.Role, node.Core.Leader));
    }

    [Fact]
    public void With_leases_a_restarted_member_refuses_votes_for_an_election_timeout()
    {
        var node = new CoreHarness(options: DefaultOptions with { CheckQuorum = true, LeaseClockDriftBoundMs = 10 });
        var request = new VoteRequest(M(2), Self, 3, LogPosition.Zero, PreVote: false, LeaderTransfer: false);
        node.Wait(99);
        node.Receive(request);
        Assert.Empty(node.Out.Messages);
        node.Wait(1);
        node.Receive(request);
        Assert.True(Assert.Single(node.Sent<VoteReply>()).Granted);
    }

    private static void StartsElection(CoreHarness node)
    {
        long term = node.Core.Term + 1;
        node.Wait(200);
        Assert.Equal((Role.Candidate, term), (node.Core.Role, node.Core.Term));
        Assert.Equal([M(2), M(3)], node.Sent<VoteRequest>().Select(static request => request.To));
        Assert.Equal(new HardState(term, Self), node.Out.Write?.HardState);
    }
}
