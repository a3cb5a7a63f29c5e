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

    /// <summary>The payload of a command that is still waited for, or an empty one; with its deadline.</summary>
    public bool TryGet(long sequence, out ReadOnlyMemory<byte> data, out long deadlineNs)
    {
        lock (_lock)
        {
            if (_waiters.TryGetValue(sequence, out CommandWaiter? waiter))
            {
                data = waiter.Data;
                deadlineNs = waiter.DeadlineNs;
                return true;
            }
        }

        data = default;
        deadlineNs = 0;
        return false;
    }

    /// <summary>Takes out every waiter whose deadline has passed.</summary>
    public void RemoveExpired(long nowNs, List<CommandWaiter> into)
    {
        lock (_lock)
        {
            foreach ((long sequence, CommandWaiter waiter) in _waiters)
            {
                if (waiter.DeadlineNs <= nowNs)
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
