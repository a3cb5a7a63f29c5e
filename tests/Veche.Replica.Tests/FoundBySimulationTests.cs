using Veche.Raft;

namespace Veche.Replica.Tests;

/// <summary>What whole worlds have shown to be wrong, in its smallest form (see FINDINGS.md).</summary>
public sealed class FoundBySimulationTests
{
    private static readonly MemberId Self = new(1);
    private static readonly MemberId Leader = new(2);
    private static readonly Configuration Members = Configuration.Of([Self, Leader, new MemberId(3)]);

    private readonly ReplicaOutput _output = new();
    private long _written;

    [Fact]
    public void An_answer_to_a_read_of_an_earlier_start_is_not_taken_for_one_to_this()
    {
        long before = Ask(Start(forwardEpoch: 1L << 40));
        Replica again = Start(forwardEpoch: 2L << 40);
        long now = Ask(again);
        Assert.NotEqual(before, now);

        // The old answer, still on its way, says what was committed back then.
        _output.Clear();
        Step(again, new ReadIndexReply(Leader, Self, 1, before, 0, Refused: false));
        Assert.Empty(_output.ReadyReads);
        Step(again, new ReadIndexReply(Leader, Self, 1, now, 0, Refused: false));
        Assert.Equal([7L], _output.ReadyReads);
    }

    [Fact]
    public void A_snapshot_that_is_installed_does_not_hide_that_a_newer_one_has_reset_the_log()
    {
        Replica replica = Start(forwardEpoch: 0);
        Step(replica, new Heartbeat(Leader, Self, 1, 0, 1));
        Persist(replica);
        SnapshotPoint older = Receive(replica, 10);
        Assert.Equal(older, _output.Install);
        SnapshotPoint newer = Receive(replica, 20);
        Assert.Equal(newer, _output.Install);

        // The state machine is at 10 and the log begins after 20: nothing can be applied until the newer one is installed too.
        _output.Clear();
        replica.Step(new ReplicaInput.Installed(older), 0, _output);
        Assert.Empty(_output.LogReads);
        Assert.Null(_output.Apply);
        replica.Step(new ReplicaInput.Installed(newer), 0, _output);
        Step(replica, new AppendRequest(Leader, Self, 1, new LogPosition(20, 1), 21, 21) { Entries = [new Entry(21, 1, EntryKind.NoOp, default)] });
        Persist(replica);
        Assert.Equal(21, Assert.Single(_output.Apply!).Index);
    }

    [Fact]
    public void A_refusal_that_is_repeated_frees_a_command_once()
    {
        // Freed twice, the command would be forwarded twice, and run twice.
        Replica replica = Start(forwardEpoch: 0);
        var refusal = new RefusedCommands(5, [77], TooBusy: false);
        replica.Step(new ReplicaInput.Received(PeerMessage.Of(Leader, Self, refusal)), 0, _output);
        Assert.Equal(77, Assert.Single(_output.Refused).Sequence);
        _output.Clear();
        replica.Step(new ReplicaInput.Received(PeerMessage.Of(Leader, Self, refusal)), 0, _output);
        Assert.Empty(_output.Refused);
    }

    [Fact]
    public void Commands_forwarded_to_an_earlier_start_are_neither_proposed_nor_refused()
    {
        // This member may have proposed them before it was started again; it cannot know.
        var replica = new Replica(
            new ReplicaOptions { Raft = new RaftOptions { Id = Self, Seed = 1 } },
            new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Configuration.Of([Self])), HardState = new HardState(3, Self) },
            LogPosition.Zero,
            forwardEpoch: 1,
            nowNs: 0);
        replica.Step(new ReplicaInput.Campaign(), 0, _output);
        Persist(replica);
        Persist(replica);
        Assert.Equal(Role.Leader, replica.Core.Role);
        _output.Clear();
        Forward(term: 3, number: 1);
        Assert.Empty(_output.Writes);
        Assert.Empty(_output.Sends);
        Forward(term: 4, number: 2);
        Assert.Equal(EntryKind.Command, Assert.Single(Assert.Single(_output.Writes).Entries).Kind);

        void Forward(long term, long number) => replica.Step(
            new ReplicaInput.Received(PeerMessage.Of(Leader, Self, new ForwardedCommands(number, term, [CommandHeader.Wrap(Leader, number, [1])]))),
            0,
            _output);
    }

    private static Replica Start(long forwardEpoch) => new(
        new ReplicaOptions { Raft = new RaftOptions { Id = Self, Seed = 1 } },
        new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Members) },
        LogPosition.Zero,
        forwardEpoch,
        nowNs: 0);

    private long Ask(Replica replica)
    {
        Step(replica, new Heartbeat(Leader, Self, 1, 0, 1));
        _output.Clear();
        replica.Step(new ReplicaInput.Read(7), 0, _output);
        return Assert.Single(_output.Sends.Select(static sent => sent.Body).OfType<ReadIndexRequest>()).ReadId;
    }

    private SnapshotPoint Receive(Replica replica, long index)
    {
        var point = new SnapshotPoint(new LogPosition(index, 1), Members);
        _output.Clear();
        replica.Step(new ReplicaInput.SnapshotReceived(Leader, 1, point), 0, _output);
        Persist(replica);
        return point;
    }

    private void Persist(Replica replica)
    {
        foreach (LogWrite write in _output.Writes)
        {
            _written = write.WriteId;
        }

        replica.Step(new ReplicaInput.Persisted(_written), 0, _output);
    }

    private void Step(Replica replica, Message message) => replica.Step(new ReplicaInput.Received(PeerMessage.Of(message)), 0, _output);
}
