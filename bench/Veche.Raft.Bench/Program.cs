using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Running;
using Veche.Raft;

BenchmarkSwitcher.FromAssembly(typeof(LeaderSteps).Assembly).Run(args);

/// <summary>
/// A leader of three: a batch is proposed, persisted, acknowledged by both others and committed, in <see cref="StepsPerBatch"/> steps. Per operation: one entry.
/// </summary>
[MemoryDiagnoser]
[MinColumn]
public class LeaderSteps
{
    public const int StepsPerBatch = 4;

    private const int Entries = 1024;

    private readonly RaftOutput _output = new();
    private RaftCore _core = null!;
    private ReadOnlyMemory<byte>[] _commands = [];
    private long _writes;

    [Params(1, 64, 1024)]
    public int Batch { get; set; }

    [GlobalSetup]
    public void Lead()
    {
        MemberId[] members = [new(1), new(2), new(3)];
        _core = new RaftCore(
            new RaftOptions { Id = members[0], Seed = 1, PreVote = false },
            new RaftStart { Base = new SnapshotPoint(LogPosition.Zero, Configuration.Of(members)) },
            0);
        _commands = [.. Enumerable.Repeat((ReadOnlyMemory<byte>)new byte[256], Batch)];
        Step(new RaftInput.Campaign());
        Step(new RaftInput.Persisted(_writes));
        Step(new RaftInput.Received(new VoteReply(members[1], members[0], 1, Granted: true, PreVote: false)));
        Acknowledge();
    }

    [Benchmark(OperationsPerInvoke = Entries)]
    public long ProposeAndCommit()
    {
        for (int done = 0; done < Entries; done += Batch)
        {
            Step(new RaftInput.Propose(_commands));
            Acknowledge();
        }

        if (_core.CommitIndex - _core.FirstIndex > 100_000)
        {
            Step(new RaftInput.Compacted(new LogPosition(_core.CommitIndex, 1)));
        }

        return _core.CommitIndex;
    }

    private void Acknowledge()
    {
        Step(new RaftInput.Persisted(_writes));
        Step(new RaftInput.Received(new AppendAccepted(new MemberId(2), new MemberId(1), 1, _core.LastPosition.Index)));
        Step(new RaftInput.Received(new AppendAccepted(new MemberId(3), new MemberId(1), 1, _core.LastPosition.Index)));
    }

    private void Step(RaftInput input)
    {
        _output.Clear();
        _core.Step(input, 0, _output);
        _writes = _output.Write?.WriteId ?? _writes;
    }
}
