using static Veche.Raft.Tests.CoreHarness;

namespace Veche.Raft.Tests;

/// <summary>thesis §6.4: reads without the log.</summary>
public sealed class ReadTests
{
    [Fact]
    public void A_read_is_granted_once_a_quorum_has_answered_a_round_begun_after_it()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Step(new RaftInput.ReadIndex(7, AllowLease: false));
        long round = node.Sent<Heartbeat>()[0].Round;
        Assert.Empty(node.Out.Reads);
        node.Receive(new HeartbeatReply(M(2), Self, 1, round - 1));
        Assert.Empty(node.Out.Reads);
        node.Receive(new HeartbeatReply(M(2), Self, 1, round));
        Assert.Equal([new ReadOutcome(7, 1, Refusal.None)], node.Out.Reads);
    }

    [Fact]
    public void No_read_is_granted_before_the_empty_entry_of_the_term_commits()
    {
        var node = new CoreHarness(start: StartWith(3, new HardState(1, MemberId.None), 1));
        node.BecomeLeader();
        node.Step(new RaftInput.ReadIndex(7, AllowLease: false));
        Assert.Empty(node.Sent<Heartbeat>());
        node.CommitEverything();
        Assert.Empty(node.Out.Reads);
        node.Receive(new HeartbeatReply(M(2), Self, 2, 1));
        Assert.Equal([new ReadOutcome(7, 2, Refusal.None)], node.Out.Reads);
    }

    [Fact]
    public void Rounds_are_never_used_twice()
    {
        var node = new CoreHarness();
        node.Lead();
        HashSet<long> rounds = [];
        for (int i = 1; i <= 20; i++)
        {
            if (i % 2 == 0)
            {
                node.Step(new RaftInput.ReadIndex(i, AllowLease: false));
            }
            else
            {
                node.Wait(10);
            }

            Assert.True(rounds.Add(node.Sent<Heartbeat>()[0].Round));
        }
    }

    [Fact]
    public void Waiting_reads_are_refused_when_leadership_is_lost()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Step(new RaftInput.ReadIndex(7, AllowLease: false));
        node.AppendFrom(M(2), 2, LogPosition.Zero, 0);
        Assert.Equal([new ReadOutcome(7, 0, Refusal.LeaderChanged)], node.Out.Reads);
    }

    [Fact]
    public void A_follower_asks_its_leader()
    {
        var node = new CoreHarness();
        node.Step(new RaftInput.ReadIndex(1, AllowLease: false));
        Assert.Equal(Refusal.NotLeader, node.Out.Reads[0].Refusal);
        node.AppendFrom(M(2), 1, LogPosition.Zero, 0);
        node.Step(new RaftInput.ReadIndex(2, AllowLease: false));
        Assert.Equal(new ReadIndexRequest(Self, M(2), 1, 2), Assert.Single(node.Sent<ReadIndexRequest>()));
        node.Receive(new ReadIndexReply(M(2), Self, 1, 2, 5, Refused: false));
        Assert.Equal([new ReadOutcome(2, 5, Refusal.None)], node.Out.Reads);
    }

    [Fact]
    public void A_single_voter_needs_nobodys_word()
    {
        var node = new CoreHarness(1);
        node.Lead();
        node.Step(new RaftInput.ReadIndex(7, AllowLease: false));
        Assert.Equal([new ReadOutcome(7, 1, Refusal.None)], node.Out.Reads);
    }

    [Fact]
    public void A_lease_counts_from_when_the_confirmed_round_was_sent_and_ends_with_a_transfer()
    {
        var node = new CoreHarness(options: DefaultOptions with { CheckQuorum = true, LeaseClockDriftBoundMs = 20 });
        node.Wait(100);
        node.Lead();
        node.Wait(10);
        long round = node.Sent<Heartbeat>()[0].Round;
        node.Wait(5);
        node.Receive(new HeartbeatReply(M(2), Self, node.Core.Term, round));
        node.Wait(74);
        node.Step(new RaftInput.ReadIndex(1, AllowLease: true));
        Assert.Equal(Refusal.None, Assert.Single(node.Out.Reads).Refusal);
        node.Wait(1);
        node.Step(new RaftInput.ReadIndex(2, AllowLease: true));
        Assert.Empty(node.Out.Reads);
        node.Receive(new HeartbeatReply(M(2), Self, node.Core.Term, node.Sent<Heartbeat>()[0].Round));
        node.Step(new RaftInput.TransferLeadership(M(3)));
        node.Step(new RaftInput.ReadIndex(3, AllowLease: true));
        Assert.Empty(node.Out.Reads);
    }

    [Theory]
    [InlineData(20, true, true)]
    [InlineData(20, false, false)]
    [InlineData(null, true, false)]
    public void A_question_of_a_follower_is_answered_from_the_lease_only_where_it_may(int? driftBoundMs, bool allowed, bool answeredAtOnce)
    {
        var node = new CoreHarness(options: DefaultOptions with { CheckQuorum = true, LeaseClockDriftBoundMs = driftBoundMs });
        if (driftBoundMs is not null)
        {
            // Where leases are in use, a member that has just started does not campaign.
            node.Wait(100);
        }

        node.Lead();
        node.Step(new RaftInput.ReadIndex(1, AllowLease: false));
        node.Receive(new HeartbeatReply(M(2), Self, node.Core.Term, node.Sent<Heartbeat>()[0].Round));
        node.Receive(new ReadIndexRequest(M(3), Self, node.Core.Term, 9, allowed));
        Assert.Equal(answeredAtOnce, node.Sent<ReadIndexReply>().Any(static reply => reply is { ReadId: 9, Refused: false }));
        Assert.Equal(!answeredAtOnce, node.Sent<Heartbeat>().Count > 0);
    }

    [Fact]
    public void A_follower_says_whether_the_leader_may_answer_from_its_lease()
    {
        var node = new CoreHarness();
        node.Receive(new Heartbeat(M(2), Self, 1, 0, 1));
        node.Step(new RaftInput.ReadIndex(5, AllowLease: true));
        Assert.True(Assert.Single(node.Sent<ReadIndexRequest>()).AllowLease);
        node.Step(new RaftInput.ReadIndex(6, AllowLease: false));
        Assert.False(Assert.Single(node.Sent<ReadIndexRequest>()).AllowLease);
    }
}
