using Veche.Raft;

namespace Veche.Replica.Tests.Acknowledgements;

/// <summary>
/// A few replicas whose disks, messages and applies go exactly as far as a test says: nothing is durable before <see cref="Sync"/>, nothing arrives
/// before <see cref="Deliver"/>, and a crash forgets what was not synced.
/// </summary>
internal sealed class ReplicaCluster
{
    public static readonly ReadOnlyMemory<byte> Value = new byte[] { 42 };

    private readonly List<PeerMessage> _network = [];
    private readonly HashSet<MemberId> _cutOff = [];
    private readonly Configuration _configuration;
    private long _starts;

    public ReplicaCluster(int members)
    {
        _configuration = Configuration.Of(Enumerable.Range(1, members).Select(static id => new MemberId((ulong)id)));
        foreach (MemberId id in _configuration.Voters)
        {
            Members.Add(new Node(id));
            Start(Members[^1]);
        }
    }

    public List<Node> Members { get; } = [];

    /// <summary>By number, from 1.</summary>
    public Node this[int member] => Members[member - 1];

    /// <summary>Makes a member lead, everything delivered and synced.</summary>
    public void Elect(int member)
    {
        Step(this[member], new ReplicaInput.Campaign());
        Settle();
        Assert.Equal(Role.Leader, this[member].Replica.Core.Role);
    }

    public void Submit(int member, long sequence, AckRule? rule) =>
        Step(this[member], new ReplicaInput.Submit([new Submission(sequence, long.MaxValue, CommandHeader.Wrap(this[member].Id, sequence, Value.Span), rule)]));

    /// <summary>Delivers what is on its way, and what that brings, until nothing is.</summary>
    public void Deliver()
    {
        while (_network.Count > 0)
        {
            PeerMessage message = _network[0];
            _network.RemoveAt(0);
            Node to = Members.Single(member => member.Id == message.To);
            if (!_cutOff.Contains(message.From) && !_cutOff.Contains(message.To) && to.IsRunning)
            {
                Step(to, new ReplicaInput.Received(message));
            }
        }
    }

    /// <summary>Makes durable what a member has written.</summary>
    public void Sync(int member)
    {
        Node node = this[member];
        if (node.Unsynced.Count == 0)
        {
            return;
        }

        long last = node.Unsynced[^1].WriteId;
        node.Unsynced.ForEach(node.Do);
        node.Unsynced.Clear();
        Step(node, new ReplicaInput.Persisted(last));
    }

    /// <summary>Everybody syncs and applies, and everything arrives.</summary>
    public void Settle()
    {
        bool moved = true;
        while (moved)
        {
            moved = _network.Count > 0;
            Deliver();
            for (int member = 1; member <= Members.Count; member++)
            {
                moved |= this[member].IsRunning && (this[member].Unsynced.Count > 0 || this[member].ToApply is not null);
                if (this[member].IsRunning)
                {
                    Sync(member);
                    Apply(member);
                }
            }
        }
    }

    public void Apply(int member)
    {
        Node node = this[member];
        if (node.ToApply is { } entries)
        {
            node.ToApply = null;
            node.Applied.AddRange(entries);
            Step(node, new ReplicaInput.Applied(entries[^1].Position));
        }
    }

    /// <summary>Nothing reaches it or comes from it until <see cref="Heal"/>; what is on its way is lost.</summary>
    public void CutOff(int member)
    {
        _cutOff.Add(this[member].Id);
        _network.RemoveAll(message => message.From == this[member].Id || message.To == this[member].Id);
    }

    public void Heal() => _cutOff.Clear();

    /// <summary>Power goes: what was not synced never was.</summary>
    public void Crash(int member)
    {
        this[member].IsRunning = false;
        this[member].Unsynced.Clear();
        _network.RemoveAll(message => message.From == this[member].Id || message.To == this[member].Id);
    }

    public void Start(int member) => Start(this[member]);

    /// <summary>A leader's time passes, so that it speaks.</summary>
    public void Tick(int member, long ms)
    {
        this[member].NowNs += ms * 1_000_000;
        Step(this[member], ReplicaInput.Tick.Instance);
    }

    /// <summary>Long enough without a word that it would vote for another.</summary>
    public void ForgetLeader()
    {
        foreach (Node node in Members.Where(static node => node.IsRunning))
        {
            node.NowNs += 1_500_000_000;
        }
    }

    public void Step(Node node, ReplicaInput input)
    {
        var output = new ReplicaOutput();
        node.Replica.Step(input, node.NowNs, output);
        foreach (Rollback rollback in output.Rollbacks)
        {
            // Read as a host reads it: from what is in the log when the write that removes it comes.
            IEnumerable<Entry> log = node.Unsynced.SelectMany(static write => write.Entries).Concat(node.Log);
            node.RolledBack.Add((rollback, [.. log.Where(entry => entry.Index >= rollback.FirstIndex && entry.Index <= rollback.LastIndex && rollback.Includes(entry.Position)).DistinctBy(static entry => entry.Index).OrderBy(static entry => entry.Index)]));
        }

        node.Unsynced.AddRange(output.Writes);
        _network.AddRange(output.Sends);
        node.Acknowledged.AddRange(output.Acknowledged.Select(static acknowledged => acknowledged.Sequence));
        node.ToApply = output.Apply ?? node.ToApply;
        node.SentKinds.UnionWith(output.Sends.Select(static sent => sent.Body.GetType()));
        foreach (LogRead read in output.LogReads)
        {
            Step(node, new ReplicaInput.LogReadDone(read, [.. node.Log.Where(entry => entry.Index >= read.FirstIndex && entry.Index <= read.LastIndex)]));
        }

        if (output.Install is { } install)
        {
            Step(node, new ReplicaInput.Installed(install));
        }
    }

    private void Start(Node node)
    {
        node.IsRunning = true;
        node.ToApply = null;
        node.Applied.Clear();
        node.Replica = new Replica(
            new ReplicaOptions { Raft = new RaftOptions { Id = node.Id, Seed = node.Id.Value } },
            new RaftStart
            {
                HardState = node.HardState,
                Base = new SnapshotPoint(node.Base, _configuration),
                Entries = [.. node.Log.Select(static entry => new EntrySummary(entry.Index, entry.Term, entry.SizeBytes))],
            },
            node.Base,
            ++_starts << 20,
            node.NowNs);
    }

    internal sealed class Node(MemberId id)
    {
        public MemberId Id { get; } = id;

        public Replica Replica { get; set; } = null!;

        public bool IsRunning { get; set; }

        public long NowNs { get; set; }

        public List<Entry> Log { get; } = [];

        public LogPosition Base { get; private set; }

        public HardState HardState { get; private set; }

        public List<LogWrite> Unsynced { get; } = [];

        public List<Entry>? ToApply { get; set; }

        public List<Entry> Applied { get; } = [];

        public List<long> Acknowledged { get; } = [];

        public HashSet<Type> SentKinds { get; } = [];

        public List<(Rollback Rollback, List<Entry> Entries)> RolledBack { get; } = [];

        /// <summary>What a restart finds.</summary>
        public void Do(LogWrite write)
        {
            if (write.Reset is { } reset)
            {
                Log.Clear();
                Base = reset.Position;
            }

            HardState = write.HardState ?? HardState;
            if (write.KeepThrough is { } keep)
            {
                Log.RemoveAll(entry => entry.Index > keep);
            }

            Log.AddRange(write.Entries);
        }
    }
}
