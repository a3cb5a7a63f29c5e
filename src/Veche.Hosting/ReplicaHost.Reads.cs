using Veche.Replica;

namespace Veche.Hosting;

/// <summary>Linearizable reads: those that arrive while one confirmation is on its way share the next.</summary>
public sealed partial class ReplicaHost
{
    /// <summary>Confirmations under way at once: one to be confirmed by the leader, one to be reached by the state machine.</summary>
    private const int MaxReadRounds = 2;

    private readonly Lock _readLock = new();
    private readonly Dictionary<long, List<ReadWaiter>> _readRounds = [];
    private readonly Stack<List<ReadWaiter>> _spareRounds = [];
    private List<ReadWaiter> _gathering = [];
    private long _lastRead;

    /// <inheritdoc/>
    public ValueTask<long> ReadBarrierAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        cancellationToken.ThrowIfCancellationRequested();
        ReadWaiter waiter = ReadWaiter.Rent(MonotonicClock.Read() + (_options.RequestTimeoutMs * 1_000_000L));
        ValueTask<long> task = waiter.Task;
        bool ask;
        lock (_readLock)
        {
            _gathering.Add(waiter);
            ask = _readRounds.Count < MaxReadRounds;
        }

        if (ask)
        {
            _loop.Wake();
        }

        return task;
    }

    private void BeginWaitingReads(long nowNs)
    {
        long readId;
        lock (_readLock)
        {
            if (_gathering.Count == 0 || _readRounds.Count >= MaxReadRounds)
            {
                return;
            }

            readId = ++_lastRead;
            _readRounds.Add(readId, _gathering);
            _gathering = _spareRounds.TryPop(out List<ReadWaiter>? spare) ? spare : [];
        }

        _replica.Step(new ReplicaInput.Read(readId), nowNs, _output);
    }

    private void CompleteReads(List<long> ready)
    {
        bool more = false;
        foreach (long readId in ready)
        {
            List<ReadWaiter>? round;
            lock (_readLock)
            {
                _readRounds.Remove(readId, out round);
                more |= _gathering.Count > 0;
            }

            if (round is null)
            {
                continue;
            }

            long applied = _replica.Applied.Index;
            foreach (ReadWaiter waiter in round)
            {
                waiter.Complete(applied);
            }

            round.Clear();
            lock (_readLock)
            {
                _spareRounds.Push(round);
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
            TakeExpired(_gathering, nowNs, expired);
            foreach (List<ReadWaiter> round in _readRounds.Values)
            {
                TakeExpired(round, nowNs, expired);
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
            all = [.. _gathering, .. _readRounds.Values.SelectMany(static round => round)];
            _gathering.Clear();
            foreach (List<ReadWaiter> round in _readRounds.Values)
            {
                round.Clear();
            }
        }

        foreach (ReadWaiter waiter in all)
        {
            waiter.Fail(exception is RefusedException ? exception : new RefusedException(RefusalReason.Stopping, exception.Message));
        }
    }
}
