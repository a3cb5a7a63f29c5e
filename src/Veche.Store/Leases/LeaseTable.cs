namespace Veche.Store.Leases;

/// <summary>The leases there are. Which keys hang on them is in the engine.</summary>
internal sealed class LeaseTable
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<long, LeaseRecord> _leases = [];

    public LeaseRecord? Find(long id)
    {
        lock (_lock)
        {
            return _leases.TryGetValue(id, out LeaseRecord lease) ? lease : null;
        }
    }

    public void Set(LeaseRecord lease)
    {
        lock (_lock)
        {
            _leases[lease.Id] = lease;
        }
    }

    public void Remove(long id)
    {
        lock (_lock)
        {
            _leases.Remove(id);
        }
    }

    public void Clear()
    {
        lock (_lock)
        {
            _leases.Clear();
        }
    }

    public List<LeaseRecord> ToList()
    {
        lock (_lock)
        {
            return [.. _leases.Values];
        }
    }
}
