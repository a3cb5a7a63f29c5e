using Veche.Replica;

namespace Veche.Hosting;

/// <summary>
/// The commands that somebody at this member waits for, by number. Whoever removes a waiter completes it, so no waiter is completed twice.
/// </summary>
internal sealed class WaiterTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<long, CommandWaiter> _waiters = [];

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _waiters.Count;
            }
        }
    }

    public void Add(long sequence, CommandWaiter waiter)
    {
        lock (_lock)
        {
            _waiters.Add(sequence, waiter);
        }
    }

    public bool Contains(long sequence)
    {
        lock (_lock)
        {
            return _waiters.ContainsKey(sequence);
        }
    }

    public CommandWaiter? Remove(long sequence)
    {
        lock (_lock)
        {
            return _waiters.Remove(sequence, out CommandWaiter? waiter) ? waiter : null;
        }
    }

    /// <summary>A command has been applied here: takes its waiter out, unless that waits for more.</summary>
    public CommandWaiter? TakeApplied(long sequence, object? result, long index, long copiedIndex)
    {
        lock (_lock)
        {
            if (!_waiters.TryGetValue(sequence, out CommandWaiter? waiter))
            {
                return null;
            }

            waiter.Progress?.Applied(result, index, copiedIndex);
            return TakeIfDone(sequence, waiter);
        }
    }

    /// <summary>A command has reached its rule: takes its waiter out, unless that waits for more.</summary>
    public CommandWaiter? TakeAcknowledged(long sequence)
    {
        lock (_lock)
        {
            if (!_waiters.TryGetValue(sequence, out CommandWaiter? waiter))
            {
                return null;
            }

            waiter.Progress?.Acknowledged();
            return TakeIfDone(sequence, waiter);
        }
    }

    private CommandWaiter? TakeIfDone(long sequence, CommandWaiter waiter)
    {
        if (waiter.Progress is { IsDone: false })
        {
            return null;
        }

        _waiters.Remove(sequence);
        return waiter;
    }

    /// <summary>The payload of a command that is still waited for, or an empty one; with its deadline.</summary>
    public bool TryGet(long sequence, out ReadOnlyMemory<byte> data, out long deadlineNs, out AckRule? rule)
    {
        lock (_lock)
        {
            if (_waiters.TryGetValue(sequence, out CommandWaiter? waiter))
            {
                data = waiter.Data;
                deadlineNs = waiter.DeadlineNs;
                rule = waiter.Progress?.Rule;
                return true;
            }
        }

        data = default;
        deadlineNs = 0;
        rule = null;
        return false;
    }

    /// <summary>Takes out every waiter whose deadline has passed.</summary>
    /// <param name="nowNs">The time for those of whom it is not known what became of their command.</param>
    /// <param name="nowIfAppliedNs">The time for those whose command is applied, and who wait for more.</param>
    /// <param name="into">Gets them.</param>
    public void RemoveExpired(long nowNs, long nowIfAppliedNs, List<CommandWaiter> into)
    {
        lock (_lock)
        {
            foreach ((long sequence, CommandWaiter waiter) in _waiters)
            {
                if (waiter.DeadlineNs <= (waiter.Progress is { IsApplied: true } ? nowIfAppliedNs : nowNs))
                {
                    into.Add(waiter);
                    _waiters.Remove(sequence);
                }
            }
        }
    }

    public void RemoveAll(List<CommandWaiter> into)
    {
        lock (_lock)
        {
            into.AddRange(_waiters.Values);
            _waiters.Clear();
        }
    }
}
