namespace Veche.Raft.Tests.Cluster;

/// <summary>
/// Cores over a network that loses, repeats and reorders, on disks that forget what was not persisted, with clocks that differ. Every choice
/// comes from one seed. After each step the properties of Raft (Figure 3) and more are checked.
/// </summary>
internal sealed class MiniCluster
{
    private const int MaxMembers = 6;
    private readonly Random _random;
    private readonly SortedDictionary<MemberId, MiniMember> _members = [];
    private readonly List<Message> _network = [];
    private readonly List<(MemberId From, MemberId To, long Term, SnapshotPoint Point)> _snapshots = [];
    private readonly Dictionary<long, MemberId> _leaderOfTerm = [];
    private readonly Dictionary<(MemberId Voter, long Term), MemberId> _votes = [];
    private readonly Dictionary<long, (long Term, ReadOnlyMemory<byte> Data)> _committed = [];
    private readonly Dictionary<long, long> _readFloor = [];
    private readonly HashSet<(MemberId, MemberId)> _cut = [];
    private readonly bool _leases;
    private readonly bool _preVote;
    private readonly bool _measuresHealth;
    private readonly int _seed;
    private long _lastRead;
    private long _lastCommand;

    private readonly bool _losesLogs;

    /// <summary>Whoever of these is a member is a witness.</summary>
    private readonly HashSet<MemberId> _witnesses = [];

    public MiniCluster(int seed, bool losesLogs = false, bool hasWitnesses = false)
    {
        _losesLogs = losesLogs;
        _seed = seed;
        _random = new Random(seed);
        _leases = _random.Next(2) == 0;
        _preVote = _random.Next(4) != 0;
        _measuresHealth = _random.Next(2) == 0;
        int founders = 1 + (2 * _random.Next(3));
        Configuration configuration = Configuration.Of(Enumerable.Range(1, founders).Select(static i => new MemberId((ulong)i)));
        if (hasWitnesses)
        {
            // 1 (and one that may come), 2 + 1, 3 + 2.
            _witnesses.UnionWith(founders == 5 ? [new MemberId(3), new MemberId(5)] : founders == 3 ? [new MemberId(3), new MemberId(6)] : [new MemberId(2)]);
            configuration = configuration.WithWitnesses([.. _witnesses.Where(configuration.Contains)]);
        }

        for (int i = 1; i <= Math.Max(MaxMembers, founders); i++)
        {
            var id = new MemberId((ulong)i);
            _members.Add(id, new MiniMember(this, id, i <= founders ? configuration : Configuration.Empty, 0.98 + (0.04 * _random.NextDouble())));
        }
    }

    public long NowNs { get; private set; } = 1_000_000_000;

    public long MaxCommit { get; private set; }

    public int Elections => _leaderOfTerm.Count;

    public int ReadsGranted { get; private set; }

    public int SnapshotsTaken { get; private set; }

    public int ConfigurationChanges { get; private set; }

    public int LogsLost { get; private set; }

    /// <summary>How often somebody was seen ill.</summary>
    public int IllMembers { get; private set; }

    /// <summary>Those of priorities and sizes of quorums.</summary>
    public int TunedChanges { get; private set; }

    /// <summary>How often a commit was seen that fewer members with data held than a commit needs.</summary>
    public int CommitsOnWitnesses { get; private set; }

    public RaftOptions OptionsOf(MemberId id) => new()
    {
        Id = id,
        IsWitness = _witnesses.Contains(id),
        Seed = ((ulong)_seed * 1000) + id.Value,
        ElectionTimeoutMs = 100,
        HeartbeatIntervalMs = 10,
        PreVote = _preVote,
        LeaseClockDriftBoundMs = _leases ? 30 : null,
        StallBoundMs = _measuresHealth ? 100 : null,
        MaxBytesPerAppend = 200,
        MaxEntriesPerAppend = 3,
        ProbeWithoutEntries = _seed % 4 == 0,
        MaxInflightAppends = 3,
        MaxInflightBytes = 500,
        MaxUncommittedBytes = 5000,
    };

    /// <summary>Everything goes wrong for so many steps.</summary>
    public void RunUnderFire(int steps)
    {
        for (int i = 0; i < steps; i++)
        {
            OneStep();
        }
    }

    /// <summary>Nothing goes wrong any more: there must be a leader, and what is proposed must commit.</summary>
    public void HealAndRequireProgress()
    {
        _cut.Clear();
        foreach (MiniMember member in _members.Values)
        {
            if (!member.IsUp)
            {
                member.Restart();
            }

            member.Step(new RaftInput.ApplyStalled(false));
        }

        long goal = 0;
        for (int round = 0; round < 4000; round++)
        {
            NowNs += 2_000_000;
            foreach (MiniMember member in _members.Values)
            {
                member.Step(new RaftInput.Tick());
                member.Persist(int.MaxValue);
            }

            List<Message> batch = [.. _network];
            _network.Clear();
            foreach (Message message in batch)
            {
                Deliver(message);
            }

            while (_snapshots.Count > 0)
            {
                FinishSnapshot(delivered: true);
            }

            MiniMember? leader = _members.Values.LastOrDefault(static member => member.Core.Role == Role.Leader);
            if (leader is not null && leader.Core.LastPosition.Index < goal)
            {
                // Its proposer was deposed before anybody else had it.
                goal = 0;
            }

            if (leader is not null && goal == 0 && leader.Core.CommitIndex >= leader.Core.LastPosition.Index && Propose(leader) == Refusal.None)
            {
                goal = leader.Core.LastPosition.Index;
            }

            if (goal > 0 && leader?.Core.Configuration is { IsJoint: false } configuration && configuration.AllMembers.All(id => _members[id].Core.CommitIndex >= goal))
            {
                return;
            }
        }

        Assert.Fail($"seed {_seed}: no progress after healing; {string.Join("; ", _members.Values.Select(static m => $"{m.Id} {m.Core.Role} t{m.Core.Term} c{m.Core.CommitIndex} l{m.Core.LastPosition} {m.Core.Configuration} {string.Join(' ', m.Core.Followers)}"))}");
    }

    public void Send(Message message) => _network.Add(message);

    public void SendSnapshot(MiniMember from, MemberId to)
    {
        long index = Math.Max(from.Applied, from.Core.FirstIndex - 1);
        _snapshots.Add((from.Id, to, from.Core.Term, new SnapshotPoint(new LogPosition(index, from.Core.TermAt(index)), from.Core.ConfigurationAt(index))));
    }

    public void OnRead(ReadOutcome read)
    {
        Assert.True(_readFloor.Remove(read.ReadId, out long floor), $"seed {_seed}: read {read.ReadId} answered twice");
        if (read.Refusal == Refusal.None)
        {
            ReadsGranted++;
            Assert.True(read.Index >= floor, $"seed {_seed}: read at {read.Index}, but {floor} was committed when it was asked");
        }
    }

    /// <summary>Checks after every step of a member.</summary>
    public void AfterStep(MiniMember member, long commitBefore)
    {
        RaftCore core = member.Core;
        Assert.False(_witnesses.Contains(member.Id) && core.Role != Role.Follower, $"seed {_seed}: the witness {member.Id} is {core.Role}");
        if (core.Role == Role.Leader)
        {
            if (_leaderOfTerm.TryAdd(core.Term, member.Id))
            {
                CheckLeaderCompleteness(member);
            }

            Assert.True(_leaderOfTerm[core.Term] == member.Id, $"seed {_seed}: {member.Id} and {_leaderOfTerm[core.Term]} both lead term {core.Term}");
        }

        Assert.True(core.CommitIndex >= commitBefore, $"seed {_seed}: commit of {member.Id} fell from {commitBefore} to {core.CommitIndex}");
        for (long index = Math.Max(commitBefore, core.FirstIndex - 1) + 1; index <= core.CommitIndex; index++)
        {
            if (!member.Disk.Written.Has(index))
            {
                continue;
            }

            Entry entry = member.Disk.Written[index];
            if (_witnesses.Contains(member.Id))
            {
                Assert.True(entry.Kind == EntryKind.Configuration || entry.Data.IsEmpty, $"seed {_seed}: the witness {member.Id} has the data of entry {index}");
                Assert.True(!_committed.TryGetValue(index, out (long Term, ReadOnlyMemory<byte>) known) || known.Term == entry.Term, $"seed {_seed}: entry {index} committed twice, differently (state machine safety)");
            }
            else if (!_committed.TryAdd(index, (entry.Term, entry.Data)))
            {
                Assert.True(_committed[index].Term == entry.Term && _committed[index].Data.Span.SequenceEqual(entry.Data.Span), $"seed {_seed}: entry {index} committed twice, differently (state machine safety)");
            }
        }

        if (core.CommitIndex > MaxCommit)
        {
            MaxCommit = core.CommitIndex;
            CheckDurableOnQuorum(member);
        }

        HardState durable = member.Disk.Durable.HardState;
        if (!durable.Vote.IsNone && !_votes.TryAdd((member.Id, durable.Term), durable.Vote))
        {
            Assert.True(_votes[(member.Id, durable.Term)] == durable.Vote, $"seed {_seed}: {member.Id} voted twice in term {durable.Term}");
        }
    }

    private void CheckLeaderCompleteness(MiniMember leader)
    {
        foreach ((long index, (long term, _)) in _committed)
        {
            if (index > leader.Core.FirstIndex)
            {
                Assert.True(leader.Disk.Written.Has(index) && leader.Disk.Written[index].Term == term, $"seed {_seed}: the leader of term {leader.Core.Term} lacks committed entry {index}@{term}");
            }
        }
    }

    private void CheckDurableOnQuorum(MiniMember member)
    {
        long index = member.Core.CommitIndex;
        if (!member.Disk.Written.Has(index))
        {
            return;
        }

        long term = member.Disk.Written[index].Term;
        Configuration configuration = member.Core.Configuration;
        Assert.True(
            configuration.HasCommitQuorum(id => _members[id].LostThroughTerm is not null || _members[id].Disk.Durable is { } log && (log.Has(index) ? log[index].Term == term : index <= log.Base.Position.Index)),
            $"seed {_seed}: {index}@{term} was called committed by {member.Id} but is not durable on a quorum of {configuration}");
        if (_witnesses.Count > 0)
        {
            bool HasIt(MemberId id) => !_witnesses.Contains(id) && _members[id].Disk.Durable is { } log && (log.Has(index) ? log[index].Term == term : index <= log.Base.Position.Index);
            Assert.True(_members.Keys.Any(HasIt), $"seed {_seed}: {index}@{term} was called committed by {member.Id}, and nobody has its data");
            bool isCopied = configuration.DataQuorumIndex(id => HasIt(id) ? index : 0) >= index;
            Assert.True(isCopied || member.Core.CopiedIndex < index, $"seed {_seed}: {member.Id} says that {index}@{term} is copied, and it is not");
            CommitsOnWitnesses += isCopied ? 0 : 1;
        }
    }

    private void OneStep()
    {
        NowNs += _random.Next(1_500_000);
        MiniMember member = Pick();
        if (_losesLogs && _random.Next(150) == 0)
        {
            LoseLog(member);
        }

        switch (_random.Next(100))
        {
            case < 25:
                if (member.IsUp)
                {
                    member.Step(new RaftInput.Tick());
                }

                break;
            case < 65:
                DeliverOne();
                break;
            case < 80:
                if (member.IsUp)
                {
                    member.Persist(_random.Next(1, 4));
                }

                break;
            case < 86:
                if (member.IsUp)
                {
                    Propose(member);
                }

                break;
            case < 89:
                if (member.IsUp)
                {
                    _readFloor.Add(++_lastRead, MaxCommit);
                    member.Step(new RaftInput.ReadIndex(_lastRead, AllowLease: _random.Next(2) == 0));
                }

                break;
            case < 90:
                if (member.IsUp && _random.Next(3) == 0)
                {
                    member.Crash();
                }
                else if (!member.IsUp)
                {
                    member.Restart();
                }

                break;
            case < 92:
                if (!member.IsUp)
                {
                    member.Restart();
                }

                break;
            case < 93:
                ChangeNetwork();
                break;
            case < 94:
                if (member.IsUp)
                {
                    member.Step(new RaftInput.TransferLeadership(_random.Next(2) == 0 ? MemberId.None : Pick().Id));
                }

                break;
            case < 96:
                ChangeConfiguration();
                break;
            case < 97:
                CompactSome(member);
                break;
            case < 99:
                FinishSnapshot(_random.Next(3) != 0);
                break;
            default:
                if (member.IsUp)
                {
                    member.Step(_random.Next(3) == 0 ? new RaftInput.ApplyStalled(_random.Next(2) == 0) : new RaftInput.Unreachable(Pick().Id));
                    IllMembers += member.Core.Ailments == Ailments.None ? 0 : 1;
                }

                break;
        }
    }

    /// <summary>Only as long as those who have lost nothing, or have it all again, are a quorum of every configuration that anybody goes by, or is about to: with fewer there is safety, but no progress.</summary>
    private void LoseLog(MiniMember victim)
    {
        if (victim.LostThroughTerm is null
            && _network.OfType<AppendRequest>().All(static append => append.Entries.All(static entry => entry.Kind != EntryKind.Configuration))
            && _members.Values.All(static member => !member.Core.Configuration.IsJoint)
            && _members.Values.All(member => member.Core.Configuration is not { Voters.Count: > 0 } configuration
                || (configuration.HasQuorum(id => id != victim.Id && _members[id].LostThroughTerm is null)
                    && configuration.Voters.Any(id => id != victim.Id && _members[id].LostThroughTerm is null && configuration.PriorityOf(id) > 0))))
        {
            LogsLost++;
            victim.LoseLog();
        }
    }

    private MiniMember Pick() => _members.Values.ElementAt(_random.Next(_members.Count));

    private Refusal Propose(MiniMember member)
    {
        ReadOnlyMemory<byte>[] commands = new ReadOnlyMemory<byte>[1 + _random.Next(3)];
        for (int i = 0; i < commands.Length; i++)
        {
            commands[i] = BitConverter.GetBytes(++_lastCommand);
        }

        return member.Step(new RaftInput.Propose(commands));
    }

    private void DeliverOne()
    {
        if (_network.Count == 0)
        {
            return;
        }

        int at = _random.Next(Math.Min(_network.Count, 10));
        Message message = _network[at];
        _network.RemoveAt(at);
        switch (_random.Next(100))
        {
            case < 6:
                return;
            case < 10:
                _network.Add(message);
                break;
        }

        Deliver(message);
    }

    private void Deliver(Message message)
    {
        MiniMember to = _members[message.To];
        if (to.IsUp && !_cut.Contains((message.From, message.To)))
        {
            to.Step(new RaftInput.Received(message));
        }
    }

    private void ChangeNetwork()
    {
        if (_random.Next(2) == 0)
        {
            _cut.Clear();
            return;
        }

        foreach (MiniMember from in _members.Values)
        {
            foreach (MiniMember to in _members.Values)
            {
                if (_random.Next(4) == 0)
                {
                    _cut.Add((from.Id, to.Id));
                }
            }
        }
    }

    private void ChangeConfiguration()
    {
        MiniMember? leader = _members.Values.FirstOrDefault(static member => member.IsUp && member.Core.Role == Role.Leader);
        if (leader is null || _members.Values.Any(static member => member.LostThroughTerm is not null))
        {
            return;
        }

        MemberId target = Pick().Id;
        ConfigurationChange change = _random.Next(6) switch
        {
            // With few who may lead, priority 0 brings about what docs/members.md warns of: the only one left is behind, and does not know that it votes.
            4 => ConfigurationChange.OfPriority(target, _random.Next(_witnesses.Count > 0 ? 1 : 0, 4)),
            5 => ConfigurationChange.OfQuorums(SomeSizes(leader.Core.Configuration.Voters.Count)),
            int operation => ConfigurationChange.Of((ConfigurationOperation)operation, target) with { Witnesses = operation <= (int)ConfigurationOperation.AddLearner && _witnesses.Contains(target) ? [target] : [] },
        };
        if (leader.Step(new RaftInput.ChangeConfiguration(change)) == Refusal.None)
        {
            ConfigurationChanges++;
            TunedChanges += change.Operations.Count == 0 ? 1 : 0;
        }
    }

    /// <summary>Safe and unsafe ones: what is unsafe has to be refused.</summary>
    private QuorumSizes SomeSizes(int voters) => _random.Next(3) == 0 ? QuorumSizes.Majority : new QuorumSizes(_random.Next(voters + 2), _random.Next(voters + 2));

    private void CompactSome(MiniMember member)
    {
        if (member.IsUp && member.Disk.PendingCount == 0 && member.Applied >= member.Core.FirstIndex)
        {
            member.Compact(_random.NextInt64(member.Core.FirstIndex, member.Applied + 1));
        }
    }

    private void FinishSnapshot(bool delivered)
    {
        if (_snapshots.Count == 0)
        {
            return;
        }

        int at = _random.Next(_snapshots.Count);
        (MemberId from, MemberId to, long term, SnapshotPoint point) = _snapshots[at];
        _snapshots.RemoveAt(at);
        if (delivered && _members[to].IsUp && !_cut.Contains((from, to)))
        {
            SnapshotsTaken++;
            _members[to].Step(new RaftInput.SnapshotReceived(from, term, point));
        }
        else
        {
            delivered = false;
        }

        if (_members[from].IsUp)
        {
            _members[from].Step(new RaftInput.SnapshotSent(to, delivered, point.Position.Index));
        }
    }
}
