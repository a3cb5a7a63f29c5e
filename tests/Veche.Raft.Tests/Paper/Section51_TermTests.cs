using static Veche.Raft.Tests.CoreHarness;

namespace Veche.Raft.Tests.Paper;

/// <summary>Raft §5.1: terms.</summary>
public sealed class Section51_TermTests
{
    [Fact]
    public void Follower_updates_term_from_message()
    {
        var node = new CoreHarness();
        node.AppendFrom(M(2), 2, LogPosition.Zero, 0);
        Assert.Equal((2, Role.Follower, M(2)), (node.Core.Term, node.Core.Role, node.Core.Leader));
        Assert.Equal(new HardState(2, MemberId.None), node.Out.Write?.HardState);
    }

    [Fact]
    public void Candidate_updates_term_from_message()
    {
        var node = new CoreHarness();
        node.Step(new RaftInput.Campaign());
        Assert.Equal(Role.Candidate, node.Core.Role);
        node.AppendFrom(M(2), 5, LogPosition.Zero, 0);
        Assert.Equal((5, Role.Follower), (node.Core.Term, node.Core.Role));
    }

    [Fact]
    public void Leader_updates_term_from_message()
    {
        var node = new CoreHarness();
        node.BecomeLeader();
        node.AppendFrom(M(2), 5, LogPosition.Zero, 0);
        Assert.Equal((5, Role.Follower), (node.Core.Term, node.Core.Role));
    }

    [Fact]
    public void Rejects_messages_of_stale_terms()
    {
        var node = new CoreHarness(start: StartWith(3, new HardState(4, MemberId.None)));
        node.AppendFrom(M(2), 3, LogPosition.Zero, 0, 3);
        Assert.Equal(LogPosition.Zero, node.Core.LastPosition);
        Assert.Equal(4, Assert.Single(node.Sent<HeartbeatReply>()).Term);
        Assert.True(node.Core.Leader.IsNone);
    }

    [Fact]
    public void Starts_as_follower() => Assert.Equal(Role.Follower, new CoreHarness().Core.Role);
}
