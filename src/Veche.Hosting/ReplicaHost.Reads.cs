using Veche.Replica;

namespace Veche.Hosting;

/// <summary>Linearizable reads: those that arrive while one confirmation is on its way share the next.</summary>
public sealed partial class ReplicaHost
{
    /// <summary>Confirmations under way at once: one to be confirmed by the leader, one to be reached by the state machine.</summary>
    private const int MaxReadRounds = 2;

    private readonly Lock _readLock = new();
    private readonly Dictionary<long, (ReadGroup Group, List<ReadWaiter> Waiters)> _readRounds = [];
    private readonly Stack<List<ReadWaiter>> _spareRounds = [];
    private readonly ReadGroup _strictReads = new(allowLease: false);
    private readonly ReadGroup _leaseReads = new(allowLease: true);
    private readonly ReadGroup _laggingReads = new(allowLease: false);
    private long _lastRead;

    private ReadGroup[] ReadGroups => field ??= [_strictReads, _leaseReads, _laggingReads];

    /// <inheritdoc/>
    public ValueTask<long> ReadBarrierAsync(CancellationToken cancellationToken = default) => ReadBarrierAsync(default, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> ReadBarrierAsync(ReadBarrier barrier, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(barrier.MaxEntriesBehind);
        ThrowIfStopping();
        cancellationToken.ThrowIfCancellationRequested();
        ReadWaiter waiter = ReadWaiter.Rent(MonotonicClock.Read() + (_options.RequestTimeoutMs * 1_000_000L));
        ValueTask<long> task = waiter.Task;
        ReadGroup group = barrier.AllowLease ? _leaseReads : barrier.MaxEntriesBehind > 0 ? _laggingReads : _strictReads;
        bool ask;
        lock (_readLock)
        {
            group.Add(waiter, barrier.MaxEntriesBehind);
            ask = group.UnderWay < MaxReadRounds;
        }

        if (ask)
        {
            _loop.Wake();
        }

        return task;
    }

    private void BeginWaitingReads(long nowNs)
    {
        foreach (ReadGroup group in ReadGroups)
        {
            BeginWaitingReads(group, nowNs);
        }
    }

    private void BeginWaitingReads(ReadGroup group, long nowNs)
    {
        long readId;
        long maxEntriesBehind;
        lock (_readLock)
        {
            if (group.Gathering.Count == 0 || group.UnderWay >= MaxReadRounds)
            {
                return;
            }

            readId = ++_lastRead;
            maxEntriesBehind = group.MaxEntriesBehind;
            _readRounds.Add(readId, (group, group.Take(_spareRounds.TryPop(out List<ReadWaiter>? spare) ? spare : [])));
        }

        _replica.Step(new ReplicaInput.Read(readId, group.AllowLease, maxEntriesBehind), nowNs, _output);
    }

    private void CompleteReads(List<long> ready)
    {
        bool more = false;
        foreach (long readId in ready)
        {
            List<ReadWaiter> waiters;
            lock (_readLock)
            {
                if (!_readRounds.Remove(readId, out (ReadGroup Group, List<ReadWaiter> Waiters) round))
                {
                    continue;
                }

                round.Group.UnderWay--;
                more |= round.Group.Gathering.Count > 0;
                waiters = round.Waiters;
            }

            long applied = _replica.Applied.Index;
            foreach (ReadWaiter waiter in waiters)
            {
                waiter.Complete(applied);
            }

            waiters.Clear();
            lock (_readLock)
            {
                _spareRounds.Push(waiters);
            }
        }

        if (more)
        {
            _loop.Wake();
        }
    }

    private void SweepReads(long nowNs)
    {
        List<ReadWaiter> expired = [];
        lock (_readLock)
        {
            foreach (ReadGroup group in ReadGroups)
            {
                TakeExpired(group.Gathering, nowNs, expired);
            }

            foreach ((_, List<ReadWaiter> waiters) in _readRounds.Values)
            {
                TakeExpired(waiters, nowNs, expired);
            }
        }

        if (expired.Count == 0)
        {
            return;
        }

        RefusedException reason = Status.Leader.IsNone
            ? new RefusedException(RefusalReason.NoLeader, "no leader was found before the deadline")
            : new RefusedException(RefusalReason.TimedOut, "the leader did not confirm the read before the deadline");
        foreach (ReadWaiter waiter in expired)
        {
            waiter.Fail(reason);
        }
    }

    private static void TakeExpired(List<ReadWaiter> from, long nowNs, List<ReadWaiter> into)
    {
        for (int i = from.Count - 1; i >= 0; i--)
        {
            if (from[i].DeadlineNs <= nowNs)
            {
                into.Add(from[i]);
                from.RemoveAt(i);
            }
        }
    }

    private void FailReads(Exception exception)
    {
        List<ReadWaiter> all;
        lock (_readLock)
        {
            all = [.. ReadGroups.SelectMany(static group => group.Gathering), .. _readRounds.Values.SelectMany(static round => round.Waiters)];
            foreach (ReadGroup group in ReadGroups)
            {
                group.Gathering.Clear();
            }

            foreach ((_, List<ReadWaiter> waiters) in _readRounds.Values)
            {
                waiters.Clear();
            }
        }

        foreach (ReadWaiter waiter in all)
        {
            waiter.Fail(exception is RefusedException ? exception : new RefusedException(RefusalReason.Stopping, exception.Message));
        }
    }
}
