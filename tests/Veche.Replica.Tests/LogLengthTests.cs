using Veche.Raft;

namespace Veche.Replica.Tests;

/// <summary>How much of the log stays behind a state that was saved.</summary>
public sealed class LogLengthTests
{
    private const int CommandBytes = 1000;

    private static readonly MemberId Self = new(1);

    private readonly ReplicaOutput _output = new();
    private long _written;

    [Theory]
    [InlineData(50, 1L << 40, 50)]
    [InlineData(1000, 10 * CommandBytes, 10)]
    [InlineData(5, 10 * CommandBytes, 5)]
    [InlineData(1000, 0, 0)]
    public void What_stays_is_bounded_in_entries_and_in_bytes(long trailingEntries, long trailingBytes, long expected)
    {
        Replica replica = LeadUntilSaved(new ReplicaOptions { Raft = new RaftOptions { Id = Self, Seed = 1 }, SnapshotEntries = 100, TrailingEntries = trailingEntries, TrailingBytes = trailingBytes, StateIsDurable = true });
        long saved = replica.Core.LastPosition.Index;
        replica.Step(new ReplicaInput.StateSaved(saved), 0, _output);
        long kept = saved - _output.Compact!.Position.Index;

        // Each entry takes a little more than its command.
        Assert.InRange(kept, expected - (expected / 10) - 1, expected);
        Assert.True(kept > 0 || trailingBytes == 0);
    }

    [Fact]
    public void What_somebody_outside_reads_stays_until_they_have_it()
    {
        Replica replica = LeadUntilSaved(new ReplicaOptions { Raft = new RaftOptions { Id = Self, Seed = 1 }, SnapshotEntries = 100, TrailingEntries = 10, StateIsDurable = true, LogIsRead = true });
        long saved = replica.Core.LastPosition.Index;
        replica.Step(new ReplicaInput.StateSaved(saved), 0, _output);
        Assert.Null(_output.Compact);
        replica.Step(new ReplicaInput.LogTaken(30), 0, _output);
        Assert.Equal(30, _output.Compact!.Position.Index);
        _output.Clear();
        replica.Step(new ReplicaInput.LogTaken(20), 0, _output);
        Assert.Null(_output.Compact);
        replica.Step(new ReplicaInput.LogTaken(saved), 0, _output);
        Assert.Equal(saved - 10, _output.Compact!.Position.Index);
        _output.Clear();
        replica.Step(new ReplicaInput.LogTaken(saved + 1), 0, _output);
        Assert.Null(_output.Compact);
    }

    private Replica LeadUntilSaved(ReplicaOptions options)
    {
        var replica = new Replica(options, new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Configuration.Of([Self])) }, LogPosition.Zero, forwardEpoch: 1, nowNs: 0);
        replica.Step(new ReplicaInput.Campaign(), 0, _output);
        Persist(replica);
        Persist(replica);
        Assert.Equal(Role.Leader, replica.Core.Role);
        long sequence = 0;
        while (!_output.SaveState)
        {
            replica.Step(new ReplicaInput.Submit([new Submission(++sequence, long.MaxValue, new byte[CommandBytes])]), 0, _output);
            Persist(replica);
            replica.Step(new ReplicaInput.Applied(replica.Core.LastPosition), 0, _output);
        }

        return replica;
    }

    private void Persist(Replica replica)
    {
        foreach (LogWrite write in _output.Writes)
        {
            _written = write.WriteId;
        }

        replica.Step(new ReplicaInput.Persisted(_written), 0, _output);
    }
}
