using Veche.Log;
using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Disks;
using Veche.Simulation.Faults;
using Veche.Simulation.Tracing;
using Veche.Simulation.Verdicts;
using Veche.Store;
using Veche.Store.Leases;
using Veche.Store.Watching;

namespace Veche.Simulation.Members;

/// <summary>What a member is doing.</summary>
public enum MemberState : byte
{
    /// <summary>It does not run, and can be started.</summary>
    Down,

    /// <summary>It runs.</summary>
    Up,

    /// <summary>It runs, but its process is stopped.</summary>
    Paused,

    /// <summary>Its disk is lost or damaged beyond use: it never comes back under its id.</summary>
    Ruined,

    /// <summary>It has left the cluster and was switched off.</summary>
    Retired,
}

/// <summary>
/// A machine with a member's process on it: the same replica, log, snapshots and store that a server runs, with the disk, the clock and the
/// threads around them replaced by the world's.
/// </summary>
internal sealed partial class Member
{
    private readonly World _world;
    private readonly MemberPlan _plan;
    private readonly SimulationRandom _random;
    private readonly ReplicaOutput _output = new();
    private readonly bool _joins;
    private ReplicaOptions? _options;
    private WriteAheadLog? _log;
    private SnapshotStore? _snapshots;
    private Veche.Replica.Replica? _replica;
    private KeyValueStore? _store;
    private long _armedForNs;
    private Configuration? _lastConfiguration;

    public Member(World world, int number, MemberId id, bool joins, MemberPlan plan, SimulationRandom random)
    {
        _world = world;
        _plan = plan;
        _random = random;
        _joins = joins;
        Number = number;
        Id = id;
        Clock = new MemberClock(random.Below(1_000_000_000_000), random.Between(-plan.ClockDriftPpm, plan.ClockDriftPpm));
    }

    /// <summary>Its place in the world, from 0.</summary>
    public int Number { get; }

    public MemberId Id { get; }

    /// <summary>It votes, and holds no data. Only some of the first members do so.</summary>
    public bool IsWitness => _world.Founders.IsWitness(Id);

    public MemberClock Clock { get; }

    public VirtualDisk Disk { get; private set; } = new();

    /// <summary>Where its state is kept, when it is durable.</summary>
    private VirtualStoreHome? _home;

    public MemberState State
    {
        get;
        private set
        {
            field = value;
            if (value != MemberState.Paused)
            {
                _world.TakeUp(PutOff);
            }
        }
    } = MemberState.Down;

    /// <summary>Counts its starts: what was meant for an earlier one is lost.</summary>
    public int Incarnation { get; private set; }

    /// <summary>When it was last started, by the clock of the world.</summary>
    public long StartedNs { get; private set; }

    /// <summary>What came for it while it was paused, in its order: it happens when it goes on, or ends, however early that is.</summary>
    public Queue<ScheduledEvent> PutOff { get; } = new();

    /// <summary>Why it is ruined, or last stopped by itself.</summary>
    public string Reason { get; private set; } = string.Empty;

    /// <summary>What its log durably holds.</summary>
    public DurableLog Durable { get; private set; } = new();

    /// <summary>What its log will durably hold when everything under way is.</summary>
    private readonly DurableLog _issued = new();

    /// <summary>Writes that a crash interrupted: any number of the first of them may be durable.</summary>
    private readonly List<LogWrite> _interrupted = [];

    /// <summary>The configuration it goes by, or went by when it last ran.</summary>
    public Configuration? LastConfiguration => _replica?.Core.Configuration ?? _lastConfiguration;

    public bool IsRunning => _replica is not null;

    public RaftCore Core => _replica!.Core;

    public Veche.Replica.Replica Replica => _replica!;

    public KeyValueStore Store => _store!;

    public long AppliedIndex => _replica?.Applied.Index ?? 0;

    private long LocalNow => Clock.Local(_world.NowNs);

    /// <summary>Starts the process on what the disk holds.</summary>
    public void Start()
    {
        Incarnation++;
        StartedNs = _world.NowNs;
        var identity = new LogIdentity(World.ClusterId, Id);
        try
        {
            if (!GoOnWithRepair())
            {
                return;
            }

            _snapshots = SnapshotStore.Open(Disk, identity);
            LogRecovery recovery = WriteAheadLog.Open(Disk, LogOptionsOf(identity));
            _log = recovery.Log;
            CheckRecovered(recovery.Start);
            if (Disk.ContentOf(recovery.End.Name).Bytes[(int)recovery.End.Offset..].ContainsAnyExcept((byte)0))
            {
                throw new ViolationException("half of an old write stands behind the end of a log", $"{Id}: {recovery.End.Name} behind {recovery.End.Offset}");
            }

            if (_plan.DurableState && !IsWitness)
            {
                _home ??= new VirtualStoreHome(_random.Fork());
                _store = OpenDurableState();
            }
            else
            {
                _store = KeyValueStore.Open(new StoreOptions());
            }

            OpenState(recovery.Start);
            Begin(recovery.Start with { LostThroughTerm = LostThroughTerm() });
        }
        catch (LogDamagedException damage) when (_world.Atlas.ExpectsRuin(Number) && MayRepair)
        {
            CloseParts();
            if (Repair(damage.Finding))
            {
                Start();
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException)
        {
            CloseParts();
            if (!_world.Atlas.ExpectsRuin(Number))
            {
                throw new ViolationException("a member refuses its own disk", $"{Id}: {exception.Message}");
            }

            Ruin(exception.Message);
        }
    }

    /// <summary>The power goes, in the middle of whatever the disk is doing.</summary>
    public void LosePower()
    {
        if (!IsRunning)
        {
            return;
        }

        InterruptDisk();
        CloseParts();
        Disk.Crash(_plan.Crash, _random);
        State = MemberState.Down;
        _world.Note(Number, "loses power", TraceKind.Stop, TraceRole.Down, FaultKind.PowerLoss);
    }

    /// <summary>The process is killed; the machine goes on.</summary>
    public void Kill()
    {
        if (!IsRunning)
        {
            return;
        }

        InterruptDisk();
        CloseParts();
        Disk.ProcessEnded();
        State = MemberState.Down;
        _world.Note(Number, "is killed", TraceKind.Stop, TraceRole.Down, FaultKind.Kill);
    }

    /// <summary>The process is stopped in its tracks.</summary>
    public void Pause()
    {
        if (State == MemberState.Up)
        {
            State = MemberState.Paused;
            _world.Note(Number, "is paused", TraceKind.Pause, TraceRole.Paused, FaultKind.Pause);
        }
    }

    /// <summary>And goes on.</summary>
    public void Resume()
    {
        if (State == MemberState.Paused)
        {
            State = MemberState.Up;
            _world.Note(Number, "goes on", TraceKind.Resume, Standing.Of(this).Role);
        }
    }

    /// <summary>Its disk is lost.</summary>
    public void Wipe()
    {
        CloseParts();
        Disk = new VirtualDisk();
        _home = null;
        IsStateWrong = false;
        Ruin("its disk was lost");
    }

    /// <summary>It is no member any more and is switched off.</summary>
    public void Retire()
    {
        CloseParts();
        State = MemberState.Retired;
        _world.Note(Number, "is switched off for good", TraceKind.Stop, TraceRole.Retired);
    }

    /// <summary>Its process ends by itself: a disk that failed once is not trusted again.</summary>
    private void Fail(string reason)
    {
        Reason = reason;
        CloseParts();
        Disk.ProcessEnded();
        State = MemberState.Down;
        _world.Note(Number, $"stops itself: {reason}", TraceKind.Stop, TraceRole.Down);
        if (_world.Atlas.ExpectsRuin(Number) && !MayRepair)
        {
            Ruin(reason);
        }
        else
        {
            _world.MemberStopped(this);
        }
    }

    private void Ruin(string reason)
    {
        Reason = reason;
        State = MemberState.Ruined;
        _world.Atlas.Ruined(Number);
        _world.Note(Number, $"is ruined: {reason}", TraceKind.Stop, TraceRole.Ruined);
    }

    private void CloseParts()
    {
        _lastConfiguration = _replica?.Core.Configuration ?? _lastConfiguration;
        FailEverything();
        _wasQuarantined = IsQuarantined;
        _replica = null;
        _log = null;
        _pinned?.Dispose();
        _pinned = null;
        _installing = null;
        _quarantine = null;

        // Before the store is closed, which would flush it: a process that ends in a hurry does not come to that.
        _home?.ProcessEnded();
        _store?.Dispose();
        _store = null;
        _hub = null;
        _logWork.Clear();
        _logJob.Clear();
        _logBusy = false;
        _savePending = false;
        _output.Clear();
    }

    private void OpenState(RaftStart start)
    {
        if (_store!.AwaitsState)
        {
            return;
        }

        if (_store.Applied.Index > _log!.Last.Index)
        {
            throw new ViolationException("a state is ahead of its log", $"{Id}: the state is at {_store.Applied}, and the log ends at {_log.Last}");
        }

        // As a server does: what is durable and inside the log goes on from there; otherwise the newest snapshot that the log can carry on.
        if (_store.IsDurable && _store.Applied.Index >= start.Base.Position.Index)
        {
            _world.Count("durable states reopened");
            return;
        }

        foreach (SnapshotPoint snapshot in _snapshots!.List())
        {
            if (_log!.PositionAt(snapshot.Position.Index) == snapshot.Position)
            {
                using Stream image = _snapshots.OpenRead(snapshot.Position);
                _store!.Restore(image, snapshot.Position);
                IsStateWrong = false;
                return;
            }
        }

        if (start.Base.Position.Index > _store.Applied.Index)
        {
            throw new InvalidDataException($"the log begins after {start.Base.Position}, and no snapshot fills the gap");
        }
    }

    private void Begin(RaftStart start)
    {
        Durable.Adopt(start);
        _issued.Adopt(start);
        long epoch = (long)Incarnation << 40;
        _lastSequence = epoch;
        _options = new ReplicaOptions
        {
            Raft = new RaftOptions
            {
                Id = Id,
                IsWitness = IsWitness,
                Seed = _random.Next(),
                ElectionTimeoutMs = _plan.ElectionTimeoutMs,
                HeartbeatIntervalMs = _plan.HeartbeatIntervalMs,
                LeaseClockDriftBoundMs = _plan.LeaseClockDriftBoundMs,
                MaxEntriesPerAppend = _plan.MaxEntriesPerAppend,
                ProbeWithoutEntries = _plan.ProbeWithoutEntries,
                StallBoundMs = _plan.StallBoundMs,
                MaxInflightAppends = _plan.MaxInflightAppends,
            },
            IsForWitnesses = _store!.IsForWitnesses,
            MaxCommandsPerWrite = _plan.MaxCommandsPerWrite,
            MaxProposalWritesInFlight = _plan.MaxProposalWritesInFlight,
            MaxEntriesPerApply = _plan.MaxEntriesPerApply,
            EntryCacheBytes = _plan.EntryCacheBytes,
            SnapshotEntries = _plan.SnapshotEntries,
            TrailingEntries = _plan.TrailingEntries,
        };
        LogPosition applied = _store!.AwaitsState ? start.Base.Position : _store.Applied;
        _savedThrough = applied.Index;
        _rules = new StepRules(_options.Raft, LocalNow);
        _replica = new Veche.Replica.Replica(_options, start, applied, epoch, LocalNow);
        _appliedConfiguration = Core.ConfigurationAt(applied.Index);
        AttachQuarantine();
        LookForWhatIsWrong();
        _hub = new WatchHub(_store);
        _lessor = new Lessor();
        _store.EventSink = this;
        _store.LeaseObserver = _lessor;
        _leads = false;
        _armedForNs = 0;
        _commitSeen = Core.CommitIndex;
        CheckState();
        State = MemberState.Up;
        _standing = default;
        _world.Note(Number, "starts", TraceKind.Start, TraceRole.Follower);
        Turn(ReplicaInput.Tick.Instance);
        DistrustIfDue();
        ScheduleSweep();
    }

    /// <summary>A log that opens must hold what was durable, and of the writes that were interrupted a prefix.</summary>
    private void CheckRecovered(RaftStart start)
    {
        if (Incarnation == 1)
        {
            return;
        }

        if (_isNew)
        {
            CheckNew(start);
            return;
        }

        List<string> differences = [];
        for (int written = 0; written <= _interrupted.Count; written++)
        {
            if (written > 0)
            {
                Durable.Take(_interrupted[written - 1]);
            }

            if (Durable.Difference(start) is not { } difference)
            {
                _interrupted.Clear();
                return;
            }

            differences.Add(difference);
        }

        throw new ViolationException("a restart does not find what was durable", $"{Id}: {differences[0]}");
    }
}
