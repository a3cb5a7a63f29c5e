namespace Veche.Raft.Tests.Cluster;

/// <summary>One member of a <see cref="MiniCluster"/>: a core, its disk, and what has not left yet.</summary>
internal sealed class MiniMember
{
    private readonly RaftOutput _output = new();
    private readonly Queue<Outgoing> _held = new();
    private readonly MiniCluster _cluster;
    private readonly Configuration _founders;
    private long _persisted;

    public MiniMember(MiniCluster cluster, MemberId id, Configuration founders, double clockRate)
    {
        _cluster = cluster;
        _founders = founders;
        Id = id;
        ClockRate = clockRate;
        Disk = new ModelDisk(founders);
        Core = NewCore();
    }

    public MemberId Id { get; }

    public double ClockRate { get; }

    public ModelDisk Disk { get; }

    public RaftCore Core { get; private set; }

    public bool IsUp { get; private set; } = true;

    /// <summary>What the state machine would have applied; survives a crash, like a durable store.</summary>
    public long Applied { get; private set; }

    /// <summary>The last term in which it may have promised what its disk has lost; survives a crash.</summary>
    public long? LostThroughTerm { get; private set; }

    public long NowNs => (long)(_cluster.NowNs * ClockRate);

    public long DeadlineNs => _output.DeadlineNs;

    public void Crash()
    {
        IsUp = false;
        _held.Clear();
        Disk.Crash();
        Applied = Math.Clamp(Applied, Disk.Durable.Base.Position.Index, Disk.Durable.Last);
    }

    public void LoseLog()
    {
        Crash();
        LostThroughTerm = Disk.Durable.HardState.Term;
        Disk.LoseLog(_founders);
        Applied = 0;
    }

    public void Restart()
    {
        IsUp = true;
        _persisted = 0;
        Core = NewCore();
    }

    public void Persist(int count)
    {
        long last = Disk.Persist(count);
        if (last > 0)
        {
            _persisted = last;
            Step(new RaftInput.Persisted(last));
            while (_held.TryPeek(out Outgoing first) && first.AfterWrite <= _persisted)
            {
                Send(_held.Dequeue().Message);
            }
        }
    }

    public Refusal Step(RaftInput input)
    {
        _output.Clear();
        long commitBefore = Core.CommitIndex;
        Core.Step(input, NowNs, _output);
        if (_output.Write is { } write)
        {
            Disk.Write(write);
        }

        LostThroughTerm = _output.Recovered ? null : LostThroughTerm;

        foreach (Outgoing outgoing in _output.Messages)
        {
            if (outgoing.AfterWrite > _persisted)
            {
                _held.Enqueue(outgoing);
            }
            else
            {
                Send(outgoing.Message);
            }
        }

        foreach (MemberId to in _output.SnapshotsNeeded)
        {
            _cluster.SendSnapshot(this, to);
        }

        foreach (ReadOutcome read in _output.Reads)
        {
            _cluster.OnRead(read);
        }

        _cluster.AfterStep(this, commitBefore);

        // Only what is durable here is applied, as the replica does it.
        Applied = Math.Max(Applied, Math.Min(Core.CommitIndex, Core.PersistedIndex));
        return _output.Refusal;
    }

    public void Compact(long index)
    {
        var point = new SnapshotPoint(new LogPosition(index, Core.TermAt(index)), Core.ConfigurationAt(index));
        Step(new RaftInput.Compacted(point.Position));
        Disk.Compact(point);
    }

    private RaftCore NewCore()
    {
        var core = new RaftCore(_cluster.OptionsOf(Id), Disk.Durable.ToStart() with { CommittedIndex = Applied, LostThroughTerm = LostThroughTerm }, NowNs);
        _output.Clear();
        core.Step(new RaftInput.Tick(), NowNs, _output);
        LostThroughTerm = _output.Recovered ? null : LostThroughTerm;
        return core;
    }

    private void Send(Message message)
    {
        if (message is AppendRequest append && append.LastIndex > append.Previous.Index)
        {
            if (Core.Role != Role.Leader || Core.Term != append.Term || !Disk.Written.Has(append.Previous.Index + 1))
            {
                return;
            }

            List<Entry> entries = [];
            for (long index = append.Previous.Index + 1; index <= append.LastIndex; index++)
            {
                Entry entry = Disk.Written[index];
                entries.Add(append.ForWitness && entry.Kind == EntryKind.Command ? entry with { Data = default } : entry);
            }

            message = append with { Entries = entries };
        }

        _cluster.Send(message);
    }
}
