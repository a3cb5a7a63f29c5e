using Veche.Raft;

namespace Veche.Replica.Tests;

/// <summary>More comes in than can be done: what is over the bounds is refused at once, so that neither memory nor waiting grows without end.</summary>
public sealed class OverloadTests
{
    private const int CommandBytes = 50;
    private static readonly MemberId Self = new(1);
    private static readonly MemberId Second = new(2);
    private static readonly MemberId Third = new(3);

    private readonly ReplicaOutput _output = new();
    private readonly List<long> _refused = [];
    private long _sequence;

    [Fact]
    public void A_leader_whose_followers_are_gone_takes_no_more_than_its_bounds()
    {
        Replica leader = Lead(new ReplicaOptions { Raft = new RaftOptions { Id = Self, Seed = 1, MaxUncommittedBytes = 2000 }, MaxWaitingCommands = 10 });
        for (int round = 0; round < 200; round++)
        {
            Submit(leader, 5);
            PersistAll(leader);
        }

        // Some are in the log, uncommitted, and some wait; all the others have been told no, each of them once.
        Assert.Equal(_refused.Distinct().Count(), _refused.Count);
        Assert.InRange(_refused.Count, 1000 - 10 - (2000 / CommandBytes), 999);
        Assert.InRange(leader.Core.BytesBetween(0, leader.Core.LastPosition.Index), 1, 2000 + (2 * CommandBytes));
    }

    [Theory]
    [InlineData(10, long.MaxValue)]
    [InlineData(int.MaxValue, 10 * CommandBytes)]
    public void A_member_without_a_leader_takes_no_more_than_its_bounds(int maxCommands, long maxBytes)
    {
        Replica member = Start(new ReplicaOptions { Raft = new RaftOptions { Id = Self, Seed = 1 }, MaxWaitingCommands = maxCommands, MaxWaitingBytes = maxBytes });
        Assert.Equal((10, 90), Submit(member, 100));
        Assert.Equal((0, 100), Submit(member, 100));
    }

    [Fact]
    public void A_leader_refuses_what_others_pass_on_too()
    {
        Replica leader = Lead(new ReplicaOptions { Raft = new RaftOptions { Id = Self, Seed = 1 }, MaxWaitingCommands = 10 });

        // The first goes into the log, and while that is being written the others wait.
        Submit(leader, 1);
        Assert.Equal((10, 5), Submit(leader, 15));
        _output.Clear();
        leader.Step(
            new ReplicaInput.Received(PeerMessage.Of(Second, Self, new ForwardedCommands(1, leader.Core.Term, [CommandHeader.Wrap(Second, 77, [1])]))),
            0,
            _output);
        var refusal = Assert.IsType<RefusedCommands>(Assert.Single(_output.Sends).Body);
        Assert.True(refusal.TooBusy);
        Assert.Equal([77L], refusal.Sequences);
    }

    private static Replica Start(ReplicaOptions options) =>
        new(options, new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Configuration.Of([Self, Second, Third])) }, LogPosition.Zero, forwardEpoch: 0, nowNs: 0);

    private Replica Lead(ReplicaOptions options)
    {
        Replica replica = Start(options);
        replica.Step(new ReplicaInput.Campaign(), 0, _output);
        PersistAll(replica);
        replica.Step(new ReplicaInput.Received(PeerMessage.Of(new VoteReply(Second, Self, replica.Core.Term + 1, Granted: true, PreVote: true))), 0, _output);
        PersistAll(replica);
        replica.Step(new ReplicaInput.Received(PeerMessage.Of(new VoteReply(Second, Self, replica.Core.Term, Granted: true, PreVote: false))), 0, _output);
        PersistAll(replica);
        Assert.Equal(Role.Leader, replica.Core.Role);
        return replica;
    }

    /// <summary>How many of so many commands were taken, and how many were refused because too much waits.</summary>
    private (int Taken, int Refused) Submit(Replica replica, int count)
    {
        List<Submission> submissions = [];
        for (int i = 0; i < count; i++)
        {
            submissions.Add(new Submission(++_sequence, long.MaxValue, new byte[CommandBytes]));
        }

        Assert.Empty(_output.Refused);
        replica.Step(new ReplicaInput.Submit(submissions), 0, _output);
        Assert.All(_output.Refused, static refused => Assert.Equal(SubmissionRefusal.TooBusy, refused.Reason));
        int refused = TakeRefused();
        return (count - refused, refused);
    }

    private int TakeRefused()
    {
        int count = _output.Refused.Count;
        _refused.AddRange(_output.Refused.Select(static refused => refused.Sequence));
        _output.Refused.Clear();
        return count;
    }

    /// <summary>The disk does everything that it was given.</summary>
    private void PersistAll(Replica replica)
    {
        while (_output.Writes.Count > 0)
        {
            long last = _output.Writes[^1].WriteId;
            _output.Clear();
            replica.Step(new ReplicaInput.Persisted(last), 0, _output);
            TakeRefused();
        }
    }
}
