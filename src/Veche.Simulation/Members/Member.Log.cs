using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Disks;
using Veche.Simulation.Tracing;

namespace Veche.Simulation.Members;

/// <summary>The thread of the log: everything that has gathered goes out in one write and one sync.</summary>
internal sealed partial class Member
{
    private readonly Queue<(LogWrite? Write, SnapshotPoint? Compact)> _logWork = new();
    private readonly List<(LogWrite? Write, SnapshotPoint? Compact)> _logJob = [];
    private bool _logBusy;
    private long _logJobs;

    /// <summary>When what its disk is doing was begun.</summary>
    public long LogBusySinceNs { get; private set; }

    /// <summary>The power goes when its log begins its next segment, or soon after.</summary>
    public bool LosesPowerAtSwitch { get; set; }

    /// <summary>True while its disk has something to do.</summary>
    public bool IsLogBusy => _logBusy;

    private void WorkOnLog()
    {
        if (_logBusy || _logWork.Count == 0 || !IsRunning)
        {
            return;
        }

        _logBusy = true;
        LogBusySinceNs = _world.NowNs;
        while (_logWork.TryDequeue(out (LogWrite?, SnapshotPoint?) work))
        {
            _logJob.Add(work);
        }

        _world.After(this, EventKind.LogDone, _world.Faults.SyncTimeNs(this, (_plan.SyncUs * 500) + _random.Exponential(_plan.SyncUs * 500)), ++_logJobs, null);
    }

    /// <summary>The disk stalls no longer: what it has under way ends now, and not when the stall would have.</summary>
    public void EndStall()
    {
        if (_logBusy)
        {
            _world.After(this, EventKind.LogDone, _plan.SyncUs * 1000, _logJobs, null);
        }
    }

    public void OnLogDone(long job)
    {
        if (!_logBusy || job != _logJobs)
        {
            // It ended before, with the stall.
            return;
        }

        try
        {
            long lastWrite = DoLogJobWhilePowerLasts();
            foreach ((LogWrite? write, SnapshotPoint? compact) in _logJob)
            {
                if (write is not null)
                {
                    Durable.Take(write);
                }
                else if (compact!.Position.Index > Durable.Base.Index)
                {
                    Durable.Compact(compact.Position);
                    if (compact.Position.Index > _issued.Base.Index)
                    {
                        _issued.Compact(compact.Position);
                    }
                }
            }

            _logJob.Clear();
            _logBusy = false;
            if (lastWrite > 0)
            {
                Turn(new ReplicaInput.Persisted(lastWrite));
            }
            else
            {
                WorkOnLog();
            }
        }
        catch (IOException exception)
        {
            RememberInterrupted();
            Fail(exception.Message);
        }
        catch (CrashException)
        {
            LosePowerAtSwitch();
        }
    }

    public void OnLogRead(LogRead read)
    {
        List<Entry> entries = [];
        try
        {
            _log!.Read(read.FirstIndex, read.LastIndex, read.MaxBytes, entries);
        }
        catch (IOException exception)
        {
            Fail(exception.Message);
            return;
        }

        Turn(new ReplicaInput.LogReadDone(read, entries));
    }

    private bool PrepareNextSegment()
    {
        try
        {
            _log!.PrepareNextSegment();
            return true;
        }
        catch (IOException exception)
        {
            Fail(exception.Message);
            return false;
        }
    }

    private long DoLogJobWhilePowerLasts()
    {
        // Most often when nothing is left in the files before the one that begins: what they repeat is then in its head alone.
        if (!LosesPowerAtSwitch || (_log!.Base != _log.Last && !_random.Chance(0.02)))
        {
            return DoLogJob();
        }

        // A name and what else changes in the directory take up to three operations, and a head and what follows it two more.
        Disk.OperationsFromNamingUntilCrash = _random.Chance(0.5) ? _random.Between(2, 5) : _random.Below(8);
        long lastWrite = DoLogJob();
        Disk.OperationsFromNamingUntilCrash = -1;
        return Disk.OperationsUntilCrash < 0 ? lastWrite : throw new CrashException();
    }

    private void LosePowerAtSwitch()
    {
        LosesPowerAtSwitch = false;
        RememberInterrupted();
        CloseParts();
        Disk.Crash(_plan.Crash, _random);
        State = MemberState.Down;
        _world.Count("power losses at a switch of segments");
        _world.Note(Number, "loses power while its log begins a segment", TraceKind.Stop, TraceRole.Down, Faults.FaultKind.PowerLossAtSwitch);
        _world.MemberStopped(this);
    }

    private long DoLogJob()
    {
        long lastWrite = 0;
        foreach ((LogWrite? write, _) in _logJob)
        {
            if (write is not null)
            {
                _log!.Write(write);
                lastWrite = write.WriteId;
            }
        }

        if (lastWrite > 0)
        {
            _log!.Sync();
        }

        foreach ((_, SnapshotPoint? compact) in _logJob)
        {
            if (compact is not null)
            {
                _log!.Compact(compact.Position, compact.Configuration);
            }
        }

        _log!.PrepareNextSegment();
        return lastWrite;
    }

    /// <summary>The process ends while its disk works: at some operation of what it has under way, or before the first.</summary>
    private void InterruptDisk()
    {
        // Most often between the write and its sync, where it hurts.
        Disk.OperationsUntilCrash = _random.Chance(0.5) ? 1 : _random.Below(8);
        try
        {
            if (_logBusy)
            {
                RememberInterrupted();
                DoLogJob();
            }

            if (_savePending && _random.Chance(0.5))
            {
                SaveState();
            }

            if (_installing is { } point && _random.Chance(0.5))
            {
                using Stream image = _snapshots!.OpenRead(point.Position);
                _store!.Restore(image, point.Position);
            }
        }
        catch (CrashException)
        {
            // As intended: the operation it came in was not done, nor any after it.
        }
        catch (IOException)
        {
            // The disk was full, or failed, before the power went.
        }
    }

    private void RememberInterrupted()
    {
        foreach ((LogWrite? write, _) in _logJob)
        {
            if (write is not null)
            {
                _interrupted.Add(write);
            }
        }
    }
}
