using System.Collections.Immutable;

namespace Veche.Store.Engine;

/// <summary>Keeps everything in memory, in an immutable tree: a view is the tree of its moment.</summary>
internal sealed class MemoryEngine : IKeyValueEngine
{
    private readonly MemoryBatch _batch = new();
    private volatile Tree _tree = new(ImmutableSortedSet.Create<Item>(ItemOrder.Instance), 0);

    public bool IsDurable => false;

    public long SizeBytes => _tree.Bytes;

    public EngineBatch Batch => _batch;

    public void Commit()
    {
        ImmutableSortedSet<Item>.Builder items = _tree.Items.ToBuilder();
        long bytes = _tree.Bytes;
        foreach (Item item in _batch.Items)
        {
            if (items.TryGetValue(item, out Item old))
            {
                items.Remove(old);
                bytes -= old.Bytes;
            }

            if (item.Value is not null)
            {
                items.Add(item);
                bytes += item.Bytes;
            }
        }

        _batch.Items.Clear();
        _tree = new Tree(items.ToImmutable(), bytes);
    }

    public IEngineView OpenView() => new View(_tree.Items);

    public void Defragment()
    {
        // What is no longer used is the collector's.
    }

    public void Flush()
    {
        // There is nothing it could survive in.
    }

    public void Dispose()
    {
        // Memory goes by itself.
    }

    private sealed record Tree(ImmutableSortedSet<Item> Items, long Bytes);

    /// <summary>A key and its value; null when it is to be removed, or only looked for.</summary>
    private readonly record struct Item(byte[] Key, byte[]? Value)
    {
        public int Bytes => Key.Length + (Value?.Length ?? 0);
    }

    private sealed class ItemOrder : IComparer<Item>
    {
        public static readonly ItemOrder Instance = new();

        public int Compare(Item left, Item right) => left.Key.AsSpan().SequenceCompareTo(right.Key);
    }

    private sealed class MemoryBatch : EngineBatch
    {
        public List<Item> Items { get; } = [];

        public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Items.Add(new Item(key.ToArray(), value.ToArray()));

        public override void Delete(ReadOnlySpan<byte> key) => Items.Add(new Item(key.ToArray(), null));
    }

    private sealed class View(ImmutableSortedSet<Item> items) : IEngineView
    {
        public byte[]? Get(ReadOnlySpan<byte> key) => items.TryGetValue(new Item(key.ToArray(), null), out Item found) ? found.Value : null;

        public IEngineIterator OpenIterator() => new Iterator(items);

        public IEngineView ForLongWalk() => this;

        public void Dispose()
        {
            // The tree goes with its last reader.
        }
    }

    private sealed class Iterator(ImmutableSortedSet<Item> items) : IEngineIterator
    {
        private int _position;

        public bool IsValid => _position >= 0 && _position < items.Count;

        public ReadOnlySpan<byte> Key => items[_position].Key;

        public ReadOnlySpan<byte> Value => items[_position].Value;

        public void Seek(ReadOnlySpan<byte> key)
        {
            int found = items.IndexOf(new Item(key.ToArray(), null));
            _position = found >= 0 ? found : ~found;
        }

        public void SeekForPrevious(ReadOnlySpan<byte> key)
        {
            int found = items.IndexOf(new Item(key.ToArray(), null));
            _position = found >= 0 ? found : ~found - 1;
        }

        public void Next() => _position++;

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
