using System.Collections.Concurrent;

namespace Veche.Hosting;

/// <summary>A bounded pool of reusable objects.</summary>
internal sealed class ObjectPool<T>(Func<T> create)
    where T : class
{
    private const int Capacity = 4096;
    private readonly ConcurrentBag<T> _items = [];
    private int _count;

    public T Rent()
    {
        if (_items.TryTake(out T? item))
        {
            Interlocked.Decrement(ref _count);
            return item;
        }

        return create();
    }

    public void Return(T item)
    {
        if (Volatile.Read(ref _count) < Capacity)
        {
            Interlocked.Increment(ref _count);
            _items.Add(item);
        }
    }
}
