using Veche.Log;
using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Disks;
using Veche.Simulation.Tracing;
using Veche.Simulation.Verdicts;

namespace Veche.Simulation.Members;

/// <summary>A member whose log is damaged puts log and state aside and takes both anew from the others, as a server does.</summary>
internal sealed partial class Member
{
    /// <summary>With fewer voters the others could elect nobody while this one keeps out of elections.</summary>
    private const int FewestVoters = 3;

    /// <summary>What its logs held that were damaged, until it holds everything again that it may have promised.</summary>
    private readonly List<DurableLog> _lost = [];

    /// <summary>The last term in which it may have promised what it lost, as the world knows it.</summary>
    private long _lostThroughTerm;

    /// <summary>Its log was just begun anew.</summary>
    private bool _isNew;

    /// <summary>While a repair is being begun: what the disk says of repairs before it. A crash may come at any step, before the first and after the last one included.</summary>
    private (RepairPhase Phase, long LostThroughTerm)? _beforeRepair;

    /// <summary>True when damage does not ruin it.</summary>
    private bool MayRepair => _plan.RepairsLogs && LastConfiguration is { Voters.Count: >= FewestVoters };

    /// <summary>True when it durably holds an entry, or held it before its disk was lost or its log damaged: it may have said so.</summary>
    public bool Holds(long index, long term) => Durable.Holds(index, term) || (_lost.Count > 0 && HeldBefore(index, term));

    private bool HeldBefore(long index, long term) => _lost.Exists(lost => lost.Holds(index, term));

    private LogOptions LogOptionsOf(LogIdentity identity) => new()
    {
        Identity = identity,
        SegmentBytes = _plan.SegmentBytes,
        InitialBase = new SnapshotPoint(LogPosition.Zero, _joins ? Configuration.Empty : _world.Founders),
    };

    /// <summary>Begins a repair, or goes on with one that a crash interrupted.</summary>
    /// <returns>False when it cannot be repaired, or a crash came in the middle: then that is seen to.</returns>
    private bool Repair(string finding)
    {
        // What was not durable was never said.
        _lostThroughTerm = Math.Max(_lostThroughTerm, Durable.HardState.Term);
        _lost.Add(Durable);
        Durable = new DurableLog();
        _interrupted.Clear();
        _world.Note(Number, $"begins to repair its log: {finding}", TraceKind.Note, TraceRole.Down);
        try
        {
            _beforeRepair ??= LogRepair.Read(Disk);
            Disk.OperationsUntilCrash = _random.Chance(0.3) ? _random.Below(25) : -1;
            LogRepair.Begin(Disk, LogOptionsOf(new LogIdentity(World.ClusterId, Id)));
            _home = null;
            IsStateWrong = false;
            LogRepair.StateIsEmpty(Disk);
            Disk.OperationsUntilCrash = -1;
        }
        catch (CrashException)
        {
            _world.Count("log repairs interrupted");
            Disk.Crash(_plan.Crash, _random);
            State = MemberState.Down;
            _world.MemberStopped(this);
            return false;
        }
        catch (LogDamagedException exception)
        {
            // Term and vote are not known either.
            Disk.ProcessEnded();
            Ruin(exception.Message);
            return false;
        }
        catch (IOException exception)
        {
            // A full disk: it is tried again.
            _world.Note(Number, $"cannot repair its log: {exception.Message}");
            Disk.ProcessEnded();
            State = MemberState.Down;
            _world.MemberStopped(this);
            return false;
        }

        RepairBegun();
        return true;
    }

    private void RepairBegun()
    {
        _beforeRepair = null;
        _world.Count("log repairs");
        _world.Atlas.Recovers(Number);
        _isNew = true;
    }

    private bool GoOnWithRepair()
    {
        (RepairPhase Phase, long LostThroughTerm) now = LogRepair.Read(Disk);
        if (now.Phase == RepairPhase.Begun)
        {
            return Repair("goes on after a crash");
        }

        if (_beforeRepair is { } before)
        {
            if (now == before)
            {
                // Nothing of it is durable: everything is as it was, and damaged still.
                _beforeRepair = null;
                Durable = _lost[^1];
                _lost.RemoveAt(_lost.Count - 1);
            }
            else
            {
                RepairBegun();
            }
        }

        return true;
    }

    private long? LostThroughTerm() => LogRepair.Read(Disk) is (RepairPhase.Refilling, var term) ? term : null;

    /// <summary>A log that was begun anew holds nothing, in a term after every one in which anything may have been promised.</summary>
    private void CheckNew(RaftStart start)
    {
        _isNew = false;
        if (start.Entries.Count > 0 || start.HardState.Term <= _lostThroughTerm)
        {
            throw new ViolationException("a log that was damaged does not begin anew", $"{Id} begins with {start.Entries.Count} entries in {start.HardState}, and may have made promises through term {_lostThroughTerm}");
        }
    }

    /// <summary>Until its log holds an entry of a term after all of its promises, it may lack what was committed because it once held it.</summary>
    private void KeepsOutOfElections(PeerMessage message)
    {
        if (message.Body is VoteReply { Granted: true } or VoteRequest && Durable.TermAt(Durable.LastIndex) <= _lostThroughTerm)
        {
            throw new ViolationException("a member took part in an election that may lack what it had acknowledged", $"{Id} sends {message.Body}; its log goes to {Durable.LastIndex}, and it has lost what it promised through term {_lostThroughTerm}");
        }
    }

    /// <summary>The replica says that it holds everything again.</summary>
    private void EndRepair()
    {
        if (Durable.TermAt(Durable.LastIndex) <= _lostThroughTerm)
        {
            throw new ViolationException("a log is called whole that may lack what was acknowledged", $"{Id}: its log goes to {Durable.LastIndex} of term {Durable.TermAt(Durable.LastIndex)}, and it has lost what it promised through term {_lostThroughTerm}");
        }

        _world.Count("logs repaired");
        _world.Note(Number, "holds again whatever it may have promised");
        LogRepair.End(Disk);
        _lost.Clear();
        _world.Atlas.Recovered(Number);
    }
}
