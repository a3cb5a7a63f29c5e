namespace Veche.Store.Leases;

/// <summary>
/// Counts down the leases, on the leader. Follows what is replicated; knows the time only as it is told. A new leader gives every lease what
/// was left at its last checkpoint, and some more, because keep-alives were lost while there was no leader. It does not count before it has
/// applied everything of earlier terms: what their leaders had recorded last may be more than what it has seen. Safe from several threads.
/// </summary>
public sealed partial class Lessor : ILeaseObserver
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>A lease whose revocation was asked for and did not happen is asked for again after this; a checkpoint likewise.</summary>
    private const long RetryNs = 3 * NanosecondsPerSecond;

    private readonly System.Threading.Lock _lock = new();
    private readonly Dictionary<long, Countdown> _leases = [];
    private readonly PriorityQueue<long, long> _byDeadline = new();
    private readonly List<long> _fresh = [];
    private bool _isPrimary;
    private long _nowNs;
    private long _extensionNs;
    private long _promotedNs;
    private long _term;
    private long _appliedTerm;

    /// <summary>True while this member leads: it counts, or will as soon as it has applied what earlier leaders left.</summary>
    public bool IsPrimary
    {
        get
        {
            lock (_lock)
            {
                return _isPrimary;
            }
        }
    }

    private bool Counts => _isPrimary && _appliedTerm == _term;

    /// <summary>Begins to count: this member leads.</summary>
    /// <param name="nowNs">The time, in nanoseconds.</param>
    /// <param name="extensionNs">Given to every lease on top, usually an election timeout.</param>
    /// <param name="term">The term it leads.</param>
    public void Promote(long nowNs, long extensionNs, long term)
    {
        lock (_lock)
        {
            _isPrimary = true;
            _nowNs = nowNs;
            _promotedNs = nowNs;
            _extensionNs = extensionNs;
            _term = term;
            ForgetQueues();
            foreach (Countdown lease in _leases.Values)
            {
                Begin(lease);
            }
        }
    }

    /// <summary>Stops counting: another member leads, or none.</summary>
    public void Demote()
    {
        lock (_lock)
        {
            _isPrimary = false;
            ForgetQueues();
        }
    }

    /// <summary>
    /// Starts a lease's time anew. Returns its time to live in seconds; 0 when there is no such lease here, or it has run out; null when this member
    /// does not count, or not yet. The holder may be told of it when <see cref="MayPromise"/> says so.
    /// </summary>
    public long? Renew(long id, long nowNs)
    {
        lock (_lock)
        {
            if (!Counts)
            {
                return null;
            }

            _nowNs = Math.Max(_nowNs, nowNs);
            if (!_leases.TryGetValue(id, out Countdown? lease) || lease.DeadlineNs <= _nowNs)
            {
                return 0;
            }

            lease.DeadlineNs = _nowNs + lease.TtlNs;
            _byDeadline.Enqueue(id, lease.DeadlineNs);
            ScheduleCheckpoint(lease);
            return lease.Record.TtlSeconds;
        }
    }

    /// <summary>Seconds a lease has left, rounded down, -1 when there is no such lease here; null when this member does not count, or not yet.</summary>
    public long? RemainingSeconds(long id, long nowNs)
    {
        lock (_lock)
        {
            return !Counts ? null
                : !_leases.TryGetValue(id, out Countdown? lease) ? -1
                : lease.DeadlineNs == long.MaxValue ? lease.Record.RemainingSeconds
                : Math.Max(0, (lease.DeadlineNs - nowNs) / NanosecondsPerSecond);
        }
    }

    /// <summary>Adds the leases whose time is up and that should be revoked now.</summary>
    /// <returns>The term in whose name: in another one the revocations must not count.</returns>
    public long TakeExpired(long nowNs, int max, List<long> into)
    {
        lock (_lock)
        {
            _nowNs = Math.Max(_nowNs, nowNs);
            StartFresh();
            int left = max;
            while (Counts && left > 0 && _byDeadline.TryPeek(out long id, out long deadlineNs) && deadlineNs <= _nowNs)
            {
                _byDeadline.Dequeue();
                if (!_leases.TryGetValue(id, out Countdown? lease))
                {
                    continue;
                }

                if (lease.DeadlineNs > _nowNs)
                {
                    // Renewed since; its later place in the queue, or this one if that was it, counts.
                    continue;
                }

                into.Add(id);
                left--;
                _byDeadline.Enqueue(id, _nowNs + RetryNs);
            }

            return _term;
        }
    }

    /// <inheritdoc/>
    public void Granted(LeaseRecord lease)
    {
        lock (_lock)
        {
            // Its time begins when this next hears what time it is: a moment late, never early.
            _leases[lease.Id] = new Countdown { Record = lease, DeadlineNs = long.MaxValue, RecordedSeconds = lease.RemainingSeconds };
            _fresh.Add(lease.Id);
        }
    }

    /// <inheritdoc/>
    public void Revoked(long id)
    {
        lock (_lock)
        {
            _leases.Remove(id);
        }
    }

    /// <inheritdoc/>
    public void AppliedThrough(long term)
    {
        lock (_lock)
        {
            _appliedTerm = term;
        }
    }

    /// <inheritdoc/>
    public void Reset(IReadOnlyList<LeaseRecord> leases, long term)
    {
        lock (_lock)
        {
            Dictionary<long, int> underWay = _leases.Where(static lease => lease.Value.UnderWay > 0).ToDictionary(static lease => lease.Key, static lease => lease.Value.UnderWay);
            _leases.Clear();
            ForgetQueues();
            _appliedTerm = term;
            if (_isPrimary)
            {
                // Its state was replaced while it leads: what it has renewed since it began must not end early.
                _promotedNs = _nowNs;
            }

            foreach (LeaseRecord record in leases)
            {
                var lease = new Countdown { Record = record, DeadlineNs = 0 };
                _leases.Add(record.Id, lease);
                Begin(lease);
                lease.UnderWay = _isPrimary ? underWay.GetValueOrDefault(record.Id) : 0;
            }
        }
    }

    /// <summary>What was left when it was last recorded, counted from when this member began to lead.</summary>
    private void Begin(Countdown lease)
    {
        lease.DeadlineNs = _promotedNs + (lease.Record.RemainingSeconds * NanosecondsPerSecond) + _extensionNs;
        lease.UnderWay = 0;
        lease.CheckpointNs = long.MaxValue;
        lease.RecordedSeconds = lease.Record.RemainingSeconds;
        if (_isPrimary)
        {
            _byDeadline.Enqueue(lease.Record.Id, lease.DeadlineNs);
            ScheduleCheckpoint(lease);
        }
    }

    private void StartFresh()
    {
        foreach (long id in _fresh)
        {
            if (_leases.TryGetValue(id, out Countdown? lease) && lease.DeadlineNs == long.MaxValue)
            {
                lease.DeadlineNs = _nowNs + (lease.Record.RemainingSeconds * NanosecondsPerSecond);
                if (_isPrimary)
                {
                    _byDeadline.Enqueue(id, lease.DeadlineNs);
                    ScheduleCheckpoint(lease);
                }
            }
        }

        _fresh.Clear();
    }

    private void ForgetQueues()
    {
        _byDeadline.Clear();
        _byCheckpoint.Clear();
        _checkpointUnderWayUntilNs = 0;
    }

    private sealed class Countdown
    {
        public required LeaseRecord Record { get; set; }

        /// <summary>When its time is up; <see cref="long.MaxValue"/> when it has not begun.</summary>
        public required long DeadlineNs { get; set; }

        /// <summary>What is recorded of it, or is on the way to be.</summary>
        public long RecordedSeconds { get; set; }

        /// <summary>Its valid place in the queue of checkpoints; <see cref="long.MaxValue"/> when it has none.</summary>
        public long CheckpointNs { get; set; } = long.MaxValue;

        /// <summary>Checkpoints of it that were taken in this term and are not known to have been applied, or withdrawn.</summary>
        public int UnderWay { get; set; }

        public long TtlNs => Record.TtlSeconds * NanosecondsPerSecond;
    }
}
