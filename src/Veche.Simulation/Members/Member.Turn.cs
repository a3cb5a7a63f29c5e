using Veche.Raft;
using Veche.Replica;
using Veche.Simulation.Tracing;
using Veche.Simulation.Verdicts;

namespace Veche.Simulation.Members;

/// <summary>One input into the replica, and everything it wants done.</summary>
internal sealed partial class Member
{
    private long _commitSeen;
    private bool _leads;
    private long _applierFreeAtNs;

    /// <summary>What the trace last said of it.</summary>
    private Standing _standing;

    private StepRules? _rules;

    /// <summary>It would answer a read by its lease now.</summary>
    public bool HoldsLease => Core.HoldsLeaseAt(LocalNow);

    /// <summary>One input. Whatever it breaks ends the world.</summary>
    public void Turn(ReplicaInput input)
    {
        long now = LocalNow;
        _rules!.Before(Core);
        try
        {
            _replica!.Step(input, now, _output);
        }
        catch (InvariantBrokenException exception)
        {
            throw new ViolationException("a member found an invariant broken", $"{Id}: {exception.Message}");
        }

        _rules.After(Core, input, now);
        TrustChanged();
        Look();
        CarryOut();
    }

    private void Look()
    {
        RaftCore core = Core;
        foreach (LogWrite write in _output.Writes)
        {
            AcknowledgementJudge.Removes(core, write, _issued, _commitSeen, _output.Rollbacks);
            _world.Judge.Writes(core, write, _issued);
            _world.PreferenceRules.Writes(core, write);
        }

        if (_output.Writes.Count > 0)
        {
            _world.Judge.GoesBy(core, _issued);
        }

        if (_output.LeadershipChanged)
        {
            bool leads = core.Role == Role.Leader;
            if (leads)
            {
                _world.Judge.Leads(core);
                _world.MessageRules.Leads(core);
                _world.PreferenceRules.Leads(core);
            }

            if (leads && !_leads)
            {
                _world.Operator.Elected(this);
                _renewed.Clear();
                _lessor!.Promote(LocalNow, _plan.ElectionTimeoutMs * 1_000_000L, core.Term);
            }
            else if (!leads && _leads)
            {
                _lessor!.Demote();
            }

            _leads = leads;
        }

        if (core.CommitIndex != _commitSeen)
        {
            _world.Judge.Commits(core, _commitSeen, _world.Holds);
            _world.Judge.Copied(core, _world.Holds);
            _commitSeen = core.CommitIndex;
        }

        LookAtAcknowledgements(core);
        if (_world.Trace is { } trace)
        {
            LookAtStanding(trace);
        }
    }

    /// <summary>What a leader says to those who submitted, here or at others. What a member hears of its own from another leader was judged there.</summary>
    private void LookAtAcknowledgements(RaftCore core)
    {
        foreach (AcknowledgedSubmission acknowledged in _output.Acknowledged)
        {
            if (core.Role == Role.Leader && core.Term == acknowledged.Position.Term)
            {
                _world.Acknowledgements.Acknowledges(core, _issued, acknowledged.Sequence, acknowledged.Position);
            }
        }

        foreach (PeerMessage message in _output.Sends)
        {
            if (message.Body is AcknowledgedCommands commands)
            {
                foreach ((long sequence, long index) in commands.Commands)
                {
                    _world.Acknowledgements.Acknowledges(core, _issued, sequence, new LogPosition(index, commands.Term));
                }
            }
        }
    }

    private void LookAtStanding(TraceRecorder trace)
    {
        Standing now = Standing.Of(this);
        if (now != _standing)
        {
            trace.Standing(_world.NowNs, this, now, now.OnlyMovedSince(_standing));
            _standing = now;
        }
    }

    private void CarryOut()
    {
        RaftCore core = Core;
        if (_output.Writes.Count > 0)
        {
            foreach (LogWrite write in _output.Writes)
            {
                _logWork.Enqueue((write, null));
            }
        }

        foreach (PeerMessage message in _output.Sends)
        {
            _world.Judge.Sends(message, Durable);
            _world.MessageRules.Sends(core, message, Durable);
            _world.StateRules.Sends(core, _campaignsThrough, _world.NowNs - _followedNs, message);
            if (_lost.Count > 0)
            {
                KeepsOutOfElections(message);
            }

            _world.Send(this, message);
        }

        if (_output.Apply is { } apply)
        {
            AfterApplies(EventKind.ApplyDone, (_plan.ApplyUs * 1000) + _random.Exponential(_plan.ApplyUs * 500), apply);
        }

        if (_output.Install is { } install)
        {
            _installing = install;
            AfterApplies(EventKind.InstallDone, 1_000_000 + _random.Exponential(5_000_000), install);
        }

        if (_output.Recovered)
        {
            EndRepair();
        }

        if (_output.SaveState)
        {
            _savePending = true;
            _world.After(this, EventKind.SaveDone, 1_000_000 + _random.Exponential(20_000_000), 0, null);
        }

        if (_output.Compact is { } compact)
        {
            CheckCompaction(compact);
            _logWork.Enqueue((null, compact));
        }

        foreach (LogRead read in _output.LogReads)
        {
            _world.After(this, EventKind.LogReadDone, 50_000 + _random.Exponential(200_000), 0, read);
        }

        foreach (SnapshotSend send in _output.SnapshotSends)
        {
            StateRules.Gives(core, _replica!.Trust, send);
            _world.After(this, EventKind.CaptureDone, _random.Exponential(2_000_000), 0, send);
        }

        if (_output.ReadyReads.Count > 0)
        {
            ServeReads();
        }

        if (_output.Refused.Count > 0)
        {
            TakeRefused();
        }

        foreach (AdministrationOutcome outcome in _output.Administration)
        {
            _world.Operator.Ended(this, outcome);
        }

        long deadlineNs = _output.DeadlineNs;
        _output.Clear();
        WorkOnLog();
        Arm(deadlineNs);
        Resubmit();
    }

    /// <summary>What leaves the log must survive in the state, with the configuration that was in force.</summary>
    private void CheckCompaction(SnapshotPoint point)
    {
        if (point.Position.Index > _savedThrough)
        {
            throw new ViolationException("a log was compacted beyond what is saved", $"{Id} forgets its log through {point.Position}, and its state is saved through {_savedThrough}");
        }

        if (!_world.Judge.Canon.IsInForce(point.Configuration, point.Position.Index))
        {
            throw new ViolationException("a log was compacted with another configuration than was committed", $"{Id} forgets its log through {point.Position} with {point.Configuration}; it should be {_world.Judge.Canon.ConfigurationAt(point.Position.Index)}");
        }
    }

    /// <summary>One thread owns the state machine, so what it is given happens in the order it was given.</summary>
    private void AfterApplies(EventKind kind, long delayNs, object payload)
    {
        _applierFreeAtNs = Math.Max(_world.NowNs, _applierFreeAtNs) + delayNs;
        _world.At(this, kind, _applierFreeAtNs, 0, payload);
    }

    private void Arm(long localDeadlineNs)
    {
        if (localDeadlineNs == long.MaxValue || !IsRunning)
        {
            return;
        }

        long deadlineNs = Math.Max(_world.NowNs, Clock.True(localDeadlineNs));
        if (_armedForNs > _world.NowNs && _armedForNs <= deadlineNs)
        {
            return;
        }

        _armedForNs = deadlineNs;
        _world.At(this, EventKind.Tick, deadlineNs, 0, null);
    }

    public void OnTick()
    {
        // An event of an earlier deadline still rings: an early tick is harmless.
        if (_world.NowNs >= _armedForNs)
        {
            _armedForNs = 0;
        }

        Turn(ReplicaInput.Tick.Instance);
    }
}
