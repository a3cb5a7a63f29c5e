using Veche.Raft;

namespace Veche.Replica.Tests;

/// <summary>Reads that may lack a few entries, next to reads that may lack none.</summary>
public sealed class BoundedReadTests
{
    private static readonly MemberId Self = new(1);
    private static readonly MemberId Leader = new(2);

    private readonly ReplicaOutput _output = new();
    private readonly Replica _replica = new(
        new ReplicaOptions { Raft = new RaftOptions { Id = Self, Seed = 1 } },
        new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Configuration.Of([Self, Leader, new MemberId(3)])) },
        LogPosition.Zero,
        forwardEpoch: 0,
        nowNs: 0);

    [Fact]
    public void Each_is_served_when_no_more_is_missing_than_it_allows()
    {
        // A follower that has applied five of the eight entries that the leader has committed.
        Step(new AppendRequest(Leader, Self, 1, LogPosition.Zero, 8, 5) { Entries = [.. Enumerable.Range(1, 8).Select(static index => new Entry(index, 1, EntryKind.NoOp, default))] });
        _replica.Step(new ReplicaInput.Persisted(_output.Writes[^1].WriteId), 0, _output);
        _replica.Step(new ReplicaInput.Applied(new LogPosition(5, 1)), 0, _output);
        _replica.Step(new ReplicaInput.Read(10), 0, _output);
        _replica.Step(new ReplicaInput.Read(12, MaxEntriesBehind: 2), 0, _output);
        _replica.Step(new ReplicaInput.Read(13, MaxEntriesBehind: 3), 0, _output);
        Assert.Empty(_output.ReadyReads);
        foreach (ReadIndexRequest asked in _output.Sends.Select(static sent => sent.Body).OfType<ReadIndexRequest>().ToList())
        {
            Step(new ReadIndexReply(Leader, Self, 1, asked.ReadId, 8, Refused: false));
        }

        Assert.Equal([13L], _output.ReadyReads);
        Step(new Heartbeat(Leader, Self, 1, 6, 1));
        _replica.Step(new ReplicaInput.Applied(new LogPosition(6, 1)), 0, _output);
        Assert.Equal([13L, 12L], _output.ReadyReads);
        Step(new Heartbeat(Leader, Self, 1, 8, 2));
        _replica.Step(new ReplicaInput.Applied(new LogPosition(8, 1)), 0, _output);
        Assert.Equal([13L, 12L, 10L], _output.ReadyReads);
    }

    private void Step(Message message) => _replica.Step(new ReplicaInput.Received(PeerMessage.Of(message)), 0, _output);
}
