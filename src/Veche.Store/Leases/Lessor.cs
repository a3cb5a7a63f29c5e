namespace Veche.Store.Leases;

/// <summary>
/// Counts down the leases, on the leader. Follows what is replicated; knows the time only as it is told. A new leader gives every lease what
/// was left at its last checkpoint, and some more, because keep-alives were lost while there was no leader. Safe from several threads.
/// </summary>
public sealed class Lessor : ILeaseObserver
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>A lease whose revocation was asked for and did not happen is asked for again after this.</summary>
    private const long RetryNs = 3 * NanosecondsPerSecond;

    private readonly System.Threading.Lock _lock = new();
    private readonly Dictionary<long, Countdown> _leases = [];
    private readonly PriorityQueue<long, long> _byDeadline = new();
    private readonly List<long> _fresh = [];
    private bool _isPrimary;
    private long _nowNs;
    private long _extensionNs;

    /// <summary>True while this member counts.</summary>
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

    /// <summary>Begins to count: this member leads.</summary>
    /// <param name="nowNs">The time, in nanoseconds.</param>
    /// <param name="extensionNs">Given to every lease on top, usually an election timeout.</param>
    public void Promote(long nowNs, long extensionNs)
    {
        lock (_lock)
        {
            _isPrimary = true;
            _nowNs = nowNs;
            _extensionNs = extensionNs;
            _byDeadline.Clear();
            foreach ((long id, Countdown lease) in _leases)
            {
                lease.DeadlineNs = nowNs + (lease.Record.RemainingSeconds * NanosecondsPerSecond) + extensionNs;
                _byDeadline.Enqueue(id, lease.DeadlineNs);
            }
        }
    }

    /// <summary>Stops counting: another member leads, or none.</summary>
    public void Demote()
    {
        lock (_lock)
        {
            _isPrimary = false;
            _byDeadline.Clear();
        }
    }

    /// <summary>Starts a lease's time anew. Returns its time to live in seconds; 0 when there is no such lease, or it has run out; null when this member does not count.</summary>
    public long? Renew(long id, long nowNs)
    {
        lock (_lock)
        {
            if (!_isPrimary)
            {
                return null;
            }

            _nowNs = Math.Max(_nowNs, nowNs);
            if (!_leases.TryGetValue(id, out Countdown? lease) || lease.DeadlineNs <= _nowNs)
            {
                return 0;
            }

            lease.DeadlineNs = _nowNs + (lease.Record.TtlSeconds * NanosecondsPerSecond);
            _byDeadline.Enqueue(id, lease.DeadlineNs);
            return lease.Record.TtlSeconds;
        }
    }

    /// <summary>Seconds a lease has left, rounded down, -1 when there is no such lease; null when this member does not count.</summary>
    public long? RemainingSeconds(long id, long nowNs)
    {
        lock (_lock)
        {
            return !_isPrimary ? null
                : !_leases.TryGetValue(id, out Countdown? lease) ? -1
                : lease.DeadlineNs == long.MaxValue ? lease.Record.TtlSeconds
                : Math.Max(0, (lease.DeadlineNs - nowNs) / NanosecondsPerSecond);
        }
    }

    /// <summary>Adds the leases whose time is up and that should be revoked now.</summary>
    public void TakeExpired(long nowNs, int max, List<long> into)
    {
        lock (_lock)
        {
            _nowNs = Math.Max(_nowNs, nowNs);
            StartFresh();
            int left = max;
            while (_isPrimary && left > 0 && _byDeadline.TryPeek(out long id, out long deadlineNs) && deadlineNs <= _nowNs)
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
        }
    }

    private void StartFresh()
    {
        foreach (long id in _fresh)
        {
            if (_leases.TryGetValue(id, out Countdown? lease) && lease.DeadlineNs == long.MaxValue)
            {
                lease.DeadlineNs = _nowNs + (lease.Record.TtlSeconds * NanosecondsPerSecond);
                if (_isPrimary)
                {
                    _byDeadline.Enqueue(id, lease.DeadlineNs);
                }
            }
        }

        _fresh.Clear();
    }

    /// <inheritdoc/>
    public void Granted(LeaseRecord lease)
    {
        lock (_lock)
        {
            if (_leases.TryGetValue(lease.Id, out Countdown? known))
            {
                // A checkpoint: it is about the past, and the countdown goes on.
                known.Record = lease;
                return;
            }

            // Its time begins when this next hears what time it is: a moment late, never early.
            _leases.Add(lease.Id, new Countdown { Record = lease, DeadlineNs = long.MaxValue });
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
    public void Reset(IReadOnlyList<LeaseRecord> leases)
    {
        lock (_lock)
        {
            _leases.Clear();
            _byDeadline.Clear();
            foreach (LeaseRecord lease in leases)
            {
                var countdown = new Countdown { Record = lease, DeadlineNs = _nowNs + (lease.RemainingSeconds * NanosecondsPerSecond) + _extensionNs };
                _leases.Add(lease.Id, countdown);
                if (_isPrimary)
                {
                    _byDeadline.Enqueue(lease.Id, countdown.DeadlineNs);
                }
            }
        }
    }

    private sealed class Countdown
    {
        public required LeaseRecord Record { get; set; }

        public required long DeadlineNs { get; set; }
    }
}
