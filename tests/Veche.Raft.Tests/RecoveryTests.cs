using static Veche.Raft.Tests.CoreHarness;

namespace Veche.Raft.Tests;

/// <summary>A member that lost its log, but not its term and vote (<see cref="RaftStart.LostThroughTerm"/>).</summary>
public sealed class RecoveryTests
{
    private static CoreHarness Lost() => new(start: StartWith(3, new HardState(5, MemberId.None)) with { LostThroughTerm = 4 });

    [Fact]
    public void It_votes_for_nobody()
    {
        CoreHarness harness = Lost();
        harness.Receive(new VoteRequest(M(2), Self, 6, new LogPosition(9, 5), PreVote: true, LeaderTransfer: false));
        Assert.False(Assert.Single(harness.Sent<VoteReply>()).Granted);
        harness.Receive(new VoteRequest(M(2), Self, 6, new LogPosition(9, 5), PreVote: false, LeaderTransfer: true));
        Assert.False(Assert.Single(harness.Sent<VoteReply>()).Granted);
        Assert.Equal((6L, MemberId.None), (harness.Core.Term, harness.Core.Vote));
    }

    [Fact]
    public void It_does_not_campaign_even_when_asked_to()
    {
        CoreHarness harness = Lost();
        harness.Wait(1000);
        harness.Step(new RaftInput.Campaign());
        harness.Receive(new TimeoutNow(M(2), Self, 5));
        Assert.Equal((Role.Follower, 5L), (harness.Core.Role, harness.Core.Term));
        Assert.Empty(harness.Sent<VoteRequest>());
    }

    /// <summary>A leader that counts what was lost must be told that its time has passed, and not be believed that it is here.</summary>
    [Fact]
    public void It_answers_the_leader_of_the_lost_term_with_the_later_one()
    {
        CoreHarness harness = Lost();
        harness.Receive(new Heartbeat(M(2), Self, 4, 100, 1));
        Assert.Equal(5, Assert.Single(harness.Sent<HeartbeatReply>()).Term);
        Assert.Throws<ArgumentException>(() => new CoreHarness(start: StartWith(3, new HardState(4, MemberId.None)) with { LostThroughTerm = 4 }));
    }

    [Fact]
    public void It_acknowledges_what_it_holds_now()
    {
        CoreHarness harness = Lost();
        harness.Receive(Append(6, 0, 0, 1, 4));
        Outgoing accepted = Assert.Single(harness.Out.Messages, static outgoing => outgoing.Message is AppendAccepted);
        Assert.Equal((2L, harness.Writes[^1].WriteId), (((AppendAccepted)accepted.Message).Match, accepted.AfterWrite));
        harness.Persist();
        Assert.True(harness.Core.IsRecovering);
    }

    [Fact]
    public void It_votes_again_once_an_entry_of_a_later_term_is_durable()
    {
        CoreHarness harness = Lost();
        harness.Receive(Append(6, 0, 0, 1, 4, 6));
        Assert.True(harness.Core.IsRecovering);
        Assert.True(harness.Persist().Recovered);
        Assert.False(harness.Core.IsRecovering);
        harness.Receive(new VoteRequest(M(3), Self, 7, new LogPosition(3, 6), PreVote: false, LeaderTransfer: true));
        Assert.Equal(M(3), harness.Core.Vote);
    }

    [Fact]
    public void What_ended_it_ends_it_again_after_a_restart()
    {
        var harness = new CoreHarness(start: StartWith(3, new HardState(6, MemberId.None), 1, 4, 6) with { LostThroughTerm = 4 });
        Assert.True(harness.Wait(1).Recovered);
    }

    private static AppendRequest Append(long term, long previous, long previousTerm, params long[] terms) =>
        new(M(2), Self, term, new LogPosition(previous, previousTerm), previous + terms.Length, 0)
        {
            Entries = [.. terms.Select((entryTerm, i) => new Entry(previous + i + 1, entryTerm, EntryKind.Command, ReadOnlyMemory<byte>.Empty))],
        };
}
