using Veche.Hosting.Peers;
using Veche.Log;
using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>One turn of the loop: everything that has gathered goes in, and everything the replica wants is handed to those who do it.</summary>
public sealed partial class ReplicaHost
{
    private readonly HashSet<PeerLink> _dirtyLinks = [];
    private readonly List<RefusedSubmission> _refused = [];

    private bool Turn(List<ReplicaInput> inputs, List<Submission> submissions)
    {
        try
        {
            long nowNs = MonotonicClock.Read();
            foreach (ReplicaInput input in inputs)
            {
                _replica.Step(input, nowNs, _output);
            }

            if (submissions.Count > 0)
            {
                _turnSubmissions.AddRange(submissions);
                _replica.Step(_submit, nowNs, _output);
                _turnSubmissions.Clear();
            }

            BeginWaitingReads(nowNs);
            CarryOut(nowNs);
            return true;
        }
#pragma warning disable CA1031 // A violated invariant must stop the member, whatever its type.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            Fail(exception);
            return false;
        }
    }

    private void CarryOut(long nowNs)
    {
        // Disk and network work side by side: the log's thread starts first, then this thread sends.
        PostWrites();
        foreach (PeerMessage message in _output.Sends)
        {
            Send(message);
        }

        foreach (PeerLink link in _dirtyLinks)
        {
            link.Flush();
        }

        _dirtyLinks.Clear();

        if (_output.Apply is { } apply)
        {
            _applyWork.Post(new ApplyWork(Entries: apply, CopiedIndex: _replica.Core.CopiedIndex));
        }

        if (_output.Install is { } install)
        {
            _applyWork.Post(new ApplyWork(Install: install));
        }

        if (_output.Recovered)
        {
            LogRepair.End(_disk);
            _metrics.LogRepaired();
            _log.LogRepaired(_replica.Core.LastPosition.Index);
        }

        if (_output.SaveState)
        {
            BeginSave();
        }

        if (_output.Compact is { } compact)
        {
            _logWork.Post(new LogWork(Compact: compact));
        }

        foreach (LogRead read in _output.LogReads)
        {
            BeginLogRead(read);
        }

        foreach (SnapshotSend send in _output.SnapshotSends)
        {
            BeginSnapshotSend(send);
        }

        CompleteReads(_output.ReadyReads);
        CompleteRefused();
        CompleteAcknowledged();
        UpdateStatus();

        // Behind the status: who is told that leadership was handed over finds the new leader in it.
        CompleteAdministration(_output.Administration);
        Arm(nowNs);
        _output.Clear();
    }

    private void CompleteRefused()
    {
        if (_output.Refused.Count == 0)
        {
            return;
        }

        _refused.AddRange(_output.Refused);
        foreach (RefusedSubmission refused in _refused)
        {
            if (refused.Reason == SubmissionRefusal.NotLeading)
            {
                // Provably not proposed, so it may be tried again, as long as somebody waits for it.
                if (_waiters.TryGet(refused.Sequence, out ReadOnlyMemory<byte> data, out long deadlineNs, out AckRule? rule))
                {
                    _loop.Submit(new Submission(refused.Sequence, deadlineNs, data, rule));
                }
            }
            else
            {
                CommandWaiter? waiter = _waiters.Remove(refused.Sequence);
                if (waiter?.Progress is { IsUnattended: true })
                {
                    _metrics.RefusedUnattended();
                }

                waiter?.Fail(
                    refused.Reason == SubmissionRefusal.TooBusy
                        ? new RefusedException(RefusalReason.TooBusy, "too many requests are waiting")
                        : new RefusedException(RefusalReason.NoLeader, "no leader was found before the deadline"));
            }
        }

        _refused.Clear();
    }

    private void UpdateStatus()
    {
        MemberStatus old = _status;
        RaftCore core = _replica.Core;
        if (_output.LeadershipChanged || _output.ConfigurationChanged || old.CommitIndex != core.CommitIndex || old.CopiedIndex != core.CopiedIndex || old.AppliedIndex != _replica.Applied.Index
            || old.LastIndex != core.LastPosition.Index || old.Ailments != core.Ailments || old.Trust != _replica.Trust || _output.Recovered || (core.Role == Role.Leader && core.Configuration.Learners.Count > 0))
        {
            _status = BuildStatus();
        }

        if (old.Trust != _status.Trust)
        {
            _observer?.TrustChanged(_status.Trust);
        }

        if (old.Ailments != core.Ailments)
        {
            _log.HealthChanged(core.Ailments);
        }

        if (_output.LeadershipChanged)
        {
            if (old.Leader != _status.Leader && !_status.Leader.IsNone)
            {
                _metrics.LeaderChanged();
            }

            WatchLeader();
            _log.LeadershipChanged(_status);
            _observer?.LeadershipChanged(_status);
        }

        if (_output.ConfigurationChanged)
        {
            foreach (MemberId member in core.Configuration.AllMembers)
            {
                LinkTo(member);
            }

            _observer?.ConfigurationChanged(core.Configuration);
        }
    }

    private MemberStatus BuildStatus()
    {
        RaftCore core = _replica.Core;
        MemberStatus? old = _status;
        long appliedIndex = _replica.Applied.Index;
        return new MemberStatus
        {
            Ailments = core.Ailments,
            UncommittedSinceNs = Since(core.LastPosition.Index > core.CommitIndex, old?.CommitIndex == core.CommitIndex ? old.UncommittedSinceNs : null),
            UnappliedSinceNs = Since(core.CommitIndex > appliedIndex, old?.AppliedIndex == appliedIndex ? old.UnappliedSinceNs : null),
            Role = core.Role,
            Term = core.Term,
            Leader = core.Leader,
            LastIndex = core.LastPosition.Index,
            CommitIndex = core.CommitIndex,
            AppliedIndex = appliedIndex,
            CopiedIndex = core.CopiedIndex,
            FirstIndex = core.FirstIndex,
            Configuration = core.Configuration,
            IsRecovering = core.IsRecovering,
            Trust = _replica.Trust,
            Followers = BuildFollowers(core),
        };
    }

    private static long? Since(bool waits, long? before) => waits ? before ?? MonotonicClock.Read() : null;

    private void OnTimer()
    {
        // Said before the turn, and whatever the clock says: a timer may ring a moment early, and must then be set again.
        Volatile.Write(ref _armedForNs, 0);
        _loop.Post(ReplicaInput.Tick.Instance);
    }

    private void Arm(long nowNs)
    {
        long deadlineNs = _output.DeadlineNs;
        if (deadlineNs == long.MaxValue)
        {
            return;
        }

        // A timer that is already set to ring before then is left alone: an early tick is harmless, setting a timer is not free.
        long armedForNs = Volatile.Read(ref _armedForNs);
        if (armedForNs > nowNs && armedForNs <= deadlineNs)
        {
            return;
        }

        Volatile.Write(ref _armedForNs, deadlineNs);
        _ticker.Change(Math.Max(0, (deadlineNs - nowNs + 999_999) / 1_000_000), Timeout.Infinite);
    }
}
