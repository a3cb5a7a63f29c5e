using static Veche.Raft.Tests.CoreHarness;

namespace Veche.Raft.Tests.Paper;

/// <summary>Raft §5.3: log replication.</summary>
public sealed class Section53_ReplicationTests
{
    [Fact]
    public void Leader_starts_replication()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Propose("some data");
        Assert.Equal(2, node.Core.LastPosition.Index);
        Assert.Equal(1, node.Core.CommitIndex);
        Assert.Equal(
            [new AppendRequest(Self, M(2), 1, new LogPosition(1, 1), 2, 1), new AppendRequest(Self, M(3), 1, new LogPosition(1, 1), 2, 1)],
            node.Sent<AppendRequest>());
        Assert.Equal("some data"u8.ToArray(), Assert.Single(node.Out.Write!.Entries).Data.ToArray());
    }

    [Fact]
    public void Leader_may_ask_where_logs_agree_before_it_sends_entries()
    {
        var node = new CoreHarness(options: DefaultOptions with { ProbeWithoutEntries = true }, start: StartWith(3, new HardState(1, MemberId.None), 1, 1, 1));
        node.BecomeLeader();
        Assert.All(node.Sent<AppendRequest>(), static question => Assert.Equal((new LogPosition(3, 1), 3L), (question.Previous, question.LastIndex)));
        Assert.Equal(2, node.Sent<AppendRequest>().Count);

        node.Receive(new AppendRejected(M(2), Self, 2, 3, new LogPosition(1, 1)));
        Assert.Equal(new AppendRequest(Self, M(2), 2, new LogPosition(1, 1), 1, 0), Assert.Single(node.Sent<AppendRequest>()));

        node.Accept(M(2), 1);
        Assert.Equal(new AppendRequest(Self, M(2), 2, new LogPosition(1, 1), 4, 0), Assert.Single(node.Sent<AppendRequest>()));
    }

    [Fact]
    public void Leader_commits_an_entry_that_a_majority_has()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Propose("some data");
        node.Persist();
        Assert.Equal(1, node.Core.CommitIndex);
        node.Accept(M(2), 2);
        Assert.Equal(2, node.Core.CommitIndex);
        Assert.Contains(node.Sent<Heartbeat>(), static beat => beat is { Commit: 2, Round: 0 });
    }

    [Theory]
    [InlineData(1, new int[0], true)]
    [InlineData(3, new int[0], false)]
    [InlineData(3, new[] { 2 }, true)]
    [InlineData(3, new[] { 2, 3 }, true)]
    [InlineData(5, new int[0], false)]
    [InlineData(5, new[] { 2 }, false)]
    [InlineData(5, new[] { 2, 3 }, true)]
    [InlineData(5, new[] { 2, 3, 4 }, true)]
    [InlineData(5, new[] { 2, 3, 4, 5 }, true)]
    public void Leader_acknowledges_a_commit(int members, int[] acceptors, bool committed)
    {
        var node = new CoreHarness(members);
        node.Lead();
        node.Propose("x");
        node.Persist();
        foreach (int acceptor in acceptors)
        {
            node.Accept(M(acceptor), 2);
        }

        Assert.Equal(committed, node.Core.CommitIndex == 2);
    }

    [Fact]
    public void A_leaders_own_disk_counts_only_when_it_is_done()
    {
        var node = new CoreHarness();
        node.Lead();
        node.Propose("x");
        node.Accept(M(2), 2);
        Assert.Equal(1, node.Core.CommitIndex);
        node.Persist();
        Assert.Equal(2, node.Core.CommitIndex);
    }

    [Theory]
    [InlineData(new long[0])]
    [InlineData(new long[] { 2 })]
    [InlineData(new long[] { 1, 2 })]
    [InlineData(new long[] { 1 })]
    public void Leader_commits_what_came_before_with_its_own_first_entry(long[] terms)
    {
        var node = new CoreHarness(start: StartWith(3, new HardState(2, MemberId.None), terms));
        node.Lead();
        node.Propose("x");
        node.CommitEverything();
        Assert.Equal(terms.Length + 2, node.Core.CommitIndex);
    }

    [Theory]
    [InlineData(1, new long[] { 1 }, 1)]
    [InlineData(2, new long[] { 1, 1 }, 2)]
    [InlineData(1, new long[] { 1, 1 }, 1)]
    [InlineData(5, new long[] { 1, 1 }, 2)]
    public void Follower_commits_what_it_is_told_but_no_further_than_the_message_proves(long commit, long[] terms, long expected)
    {
        var node = new CoreHarness();
        node.AppendFrom(M(2), 1, LogPosition.Zero, commit, terms);
        Assert.Equal(expected, node.Core.CommitIndex);
    }

    [Fact]
    public void What_lies_behind_the_message_may_be_another_leaders_and_is_not_committed_by_it()
    {
        var node = new CoreHarness(start: StartWith(3, new HardState(1, MemberId.None), 1, 1, 1));
        node.AppendFrom(M(2), 2, new LogPosition(1, 1), 3);
        Assert.Equal(1, node.Core.CommitIndex);
    }

    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(1, 1, true)]
    [InlineData(2, 2, true)]
    [InlineData(1, 2, false)]
    [InlineData(2, 1, false)]
    [InlineData(3, 3, false)]
    public void Follower_checks_the_entry_before(long term, long index, bool accepted)
    {
        var node = new CoreHarness(start: StartWith(3, new HardState(2, MemberId.None), 1, 2));
        node.AppendFrom(M(2), 3, new LogPosition(index, term), 0);
        Assert.Equal(accepted ? 1 : 0, node.Sent<AppendAccepted>().Count);
        Assert.Equal(accepted ? 0 : 1, node.Sent<AppendRejected>().Count);
    }

    [Theory]
    [InlineData(2, 2, new long[] { 3 }, new long[] { 1, 2, 3 }, null)]
    [InlineData(1, 1, new long[] { 3, 4 }, new long[] { 1, 3, 4 }, 1L)]
    [InlineData(0, 0, new long[] { 1 }, new long[] { 1, 2 }, null)]
    [InlineData(0, 0, new long[] { 3 }, new long[] { 3 }, 0L)]
    public void Follower_appends_and_removes_only_what_conflicts(long index, long term, long[] entries, long[] expected, long? keep)
    {
        var node = new CoreHarness(start: StartWith(3, new HardState(2, MemberId.None), 1, 2));
        node.AppendFrom(M(2), 4, new LogPosition(index, term), 0, entries);
        Assert.Equal(expected, Enumerable.Range(1, (int)node.Core.LastPosition.Index).Select(i => node.Core.TermAt(i)));
        Assert.Equal(keep, node.Out.Write!.KeepThrough);
    }

    [Fact]
    public void An_accepted_append_is_acknowledged_only_once_it_is_durable()
    {
        var node = new CoreHarness();
        node.AppendFrom(M(2), 1, LogPosition.Zero, 0, 1);
        Outgoing reply = Assert.Single(node.Out.Messages);
        Assert.IsType<AppendAccepted>(reply.Message);
        Assert.Equal(node.Out.Write!.WriteId, reply.AfterWrite);
        node.Persist();
        node.AppendFrom(M(2), 1, LogPosition.Zero, 0, 1);
        Assert.Equal(0, Assert.Single(node.Out.Messages).AfterWrite);
    }

    [Fact]
    public void Durability_of_replaced_entries_says_nothing_about_the_new()
    {
        var node = new CoreHarness();
        node.AppendFrom(M(2), 1, LogPosition.Zero, 0, 1, 1, 1);
        long old = node.Writes[^1].WriteId;
        node.AppendFrom(M(3), 2, new LogPosition(1, 1), 0, 2, 2);
        node.Step(new RaftInput.Persisted(old));
        Assert.Equal(1, node.Core.PersistedIndex);
        node.Persist();
        Assert.Equal(3, node.Core.PersistedIndex);
    }

    /// <summary>Figure 7: the new leader brings every one of these logs to its own.</summary>
    [Theory]
    [InlineData(new long[] { 1, 1, 1, 4, 4, 5, 5, 6, 6 })]
    [InlineData(new long[] { 1, 1, 1, 4 })]
    [InlineData(new long[] { 1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6 })]
    [InlineData(new long[] { 1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7 })]
    [InlineData(new long[] { 1, 1, 1, 4, 4, 4, 4 })]
    [InlineData(new long[] { 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3 })]
    public void Leader_syncs_followers_logs(long[] followerTerms)
    {
        long[] leaderTerms = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
        var leader = new CoreHarness(start: StartWith(3, new HardState(8, MemberId.None), leaderTerms));
        var follower = new CoreHarness(options: DefaultOptions with { Id = M(2) }, start: StartWith(3, new HardState(7, MemberId.None), followerTerms));
        leader.BecomeLeader();
        int rounds = 0;
        Queue<Message> queue = new(leader.Sent<AppendRequest>().Where(static append => append.To == M(2)));
        while (queue.TryDequeue(out Message? message) && rounds++ < 100)
        {
            CoreHarness to = message.To == Self ? leader : follower;
            if (message is AppendRequest append)
            {
                message = append with { Entries = [.. Enumerable.Range((int)append.Previous.Index + 1, (int)(append.LastIndex - append.Previous.Index)).Select(i => new Entry(i, leader.Core.TermAt(i), EntryKind.Command, default))] };
            }

            to.Receive(message);
            foreach (Outgoing outgoing in to.Out.Messages)
            {
                if (outgoing.Message.To == M(2) || to == follower)
                {
                    queue.Enqueue(outgoing.Message);
                }
            }
        }

        Assert.Equal(leader.Core.LastPosition, follower.Core.LastPosition);
        Assert.Equal([.. leaderTerms, 9L], Enumerable.Range(1, (int)follower.Core.LastPosition.Index).Select(i => follower.Core.TermAt(i)));
        Assert.True(rounds <= 12, $"{rounds} messages: terms should be skipped whole");
    }
}
