using Veche.Api.Commands;

namespace Veche.Store.Leases;

/// <summary>
/// What is left of leases goes into the log now and then, so that a change of leaders does not give it back. Only leases that nobody has renewed
/// for half their time are recorded, for most are renewed well before; of those, every eighth of their time. A lease that was recorded, or is being
/// recorded, has its whole time recorded again before its holder is told that it was renewed: any later leader begins with what is recorded.
/// </summary>
public sealed partial class Lessor
{
    /// <summary>The most leases in one checkpoint, as in etcd.</summary>
    private const int MaxLeasesPerCheckpoint = 1000;

    private readonly PriorityQueue<long, long> _byCheckpoint = new();
    private long _checkpointUnderWayUntilNs;

    /// <summary>The next checkpoint to propose; null while there is nothing to record, or one is under way. It goes into the log before any that is taken later.</summary>
    public LeaseCheckpoint? TakeCheckpoint(long nowNs)
    {
        lock (_lock)
        {
            _nowNs = Math.Max(_nowNs, nowNs);
            if (!Counts || _nowNs < _checkpointUnderWayUntilNs)
            {
                return null;
            }

            LeaseCheckpoint? checkpoint = null;
            while (_byCheckpoint.TryPeek(out long id, out long dueNs) && dueNs <= _nowNs && checkpoint is not { Leases.Count: MaxLeasesPerCheckpoint })
            {
                _byCheckpoint.Dequeue();
                if (!_leases.TryGetValue(id, out Countdown? lease) || lease.CheckpointNs != dueNs)
                {
                    continue;
                }

                lease.CheckpointNs = long.MaxValue;
                if (lease.DeadlineNs <= _nowNs)
                {
                    // It is about to be revoked.
                    continue;
                }

                if (CheckpointDueNs(lease) <= _nowNs)
                {
                    checkpoint ??= new LeaseCheckpoint { Term = (ulong)_term };
                    checkpoint.Leases.Add(Item(lease, (lease.DeadlineNs - _nowNs + NanosecondsPerSecond - 1) / NanosecondsPerSecond));
                }

                ScheduleCheckpoint(lease);
            }

            if (checkpoint is not null)
            {
                _checkpointUnderWayUntilNs = _nowNs + RetryNs;
            }

            return checkpoint;
        }
    }

    /// <summary>
    /// Whether a holder may be told that its lease was renewed, once a quorum has confirmed, after the renewal, that this member leads, and everything
    /// committed until then is applied here.
    /// </summary>
    /// <param name="id">The lease.</param>
    /// <param name="term">The term of this member before the renewal.</param>
    /// <param name="first">What must have been applied first; null for nothing. It goes into the log before any checkpoint that is taken later.</param>
    /// <returns>False when this member does not lead that term any more.</returns>
    public bool MayPromise(long id, long term, out LeaseCheckpoint? first)
    {
        lock (_lock)
        {
            first = null;
            if (!Counts || _term != term)
            {
                return false;
            }

            if (_leases.TryGetValue(id, out Countdown? lease) && (lease.UnderWay > 0 || lease.Record.RemainingSeconds != lease.Record.TtlSeconds))
            {
                first = new LeaseCheckpoint { Term = (ulong)_term };
                first.Leases.Add(Item(lease, lease.Record.TtlSeconds));
            }

            return true;
        }
    }

    /// <summary>A checkpoint was refused: it is not in the log, and never will be.</summary>
    public void Withdraw(LeaseCheckpoint checkpoint)
    {
        lock (_lock)
        {
            foreach (LeaseCheckpoint.Types.Item item in checkpoint.Leases)
            {
                if ((long)checkpoint.Term == _term && _leases.TryGetValue(item.Id, out Countdown? lease) && lease.UnderWay > 0)
                {
                    lease.UnderWay--;
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Checkpointed(LeaseRecord lease, long term)
    {
        lock (_lock)
        {
            if (!_leases.TryGetValue(lease.Id, out Countdown? known))
            {
                return;
            }

            known.Record = lease;
            if (!_isPrimary || known.DeadlineNs == long.MaxValue)
            {
                known.RecordedSeconds = lease.RemainingSeconds;
                return;
            }

            if (term < _term)
            {
                // Of an earlier leader, and what it recorded last counts: nothing has been renewed here before everything of earlier terms is applied.
                Begin(known);
            }
            else if (term == _term)
            {
                // About the past: the countdown goes on.
                known.UnderWay = Math.Max(0, known.UnderWay - 1);
                known.RecordedSeconds = lease.RemainingSeconds;
                _checkpointUnderWayUntilNs = 0;
                ScheduleCheckpoint(known);
            }
        }
    }

    private static LeaseCheckpoint.Types.Item Item(Countdown lease, long remainingSeconds)
    {
        lease.UnderWay++;
        lease.RecordedSeconds = remainingSeconds;
        return new LeaseCheckpoint.Types.Item { Id = lease.Record.Id, RemainingSeconds = remainingSeconds };
    }

    /// <summary>Half its time must have passed, and an eighth since what is recorded.</summary>
    private static long CheckpointDueNs(Countdown lease)
    {
        long nextSeconds = lease.RecordedSeconds - Math.Max(1, lease.Record.TtlSeconds / 8);
        return nextSeconds <= 0 ? long.MaxValue : lease.DeadlineNs - Math.Min(lease.TtlNs / 2, nextSeconds * NanosecondsPerSecond);
    }

    /// <summary>Gives it an earlier place in the queue when it needs one. Too early a place does no harm: it is looked at again there.</summary>
    private void ScheduleCheckpoint(Countdown lease)
    {
        long dueNs = CheckpointDueNs(lease);
        if (dueNs < lease.CheckpointNs)
        {
            lease.CheckpointNs = dueNs;
            _byCheckpoint.Enqueue(lease.Record.Id, dueNs);
        }
    }
}
