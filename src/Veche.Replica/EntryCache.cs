using Veche.Raft;

namespace Veche.Replica;

/// <summary>The most recent entries of the log in memory, a window that ends at the last entry. Bounded in bytes; the rest is read back from disk.</summary>
internal sealed class EntryCache(long maxBytes)
{
    private Entry[] _ring = new Entry[256];
    private int _head;
    private int _count;
    private long _bytes;

    /// <summary>Index of the first entry held; one past the last when empty.</summary>
    public long FirstIndex { get; private set; } = 1;

    /// <summary>Index after the last entry held.</summary>
    public long EndIndex => FirstIndex + _count;

    /// <summary>Bytes held.</summary>
    public long SizeBytes => _bytes;

    public Entry this[long index] => _ring[(_head + (int)(index - FirstIndex)) & (_ring.Length - 1)];

    /// <summary>Forgets everything and expects the next entry at this index.</summary>
    public void Reset(long nextIndex)
    {
        Array.Clear(_ring);
        _head = 0;
        _count = 0;
        _bytes = 0;
        FirstIndex = nextIndex;
    }

    /// <summary>Removes entries after an index (a conflict).</summary>
    public void KeepThrough(long index)
    {
        if (index < FirstIndex)
        {
            Reset(index + 1);
            return;
        }

        while (_count > 0 && EndIndex - 1 > index)
        {
            int last = (_head + _count - 1) & (_ring.Length - 1);
            _bytes -= _ring[last].SizeBytes;
            _ring[last] = default;
            _count--;
        }
    }

    public void Append(in Entry entry)
    {
        if (entry.Index != EndIndex)
        {
            throw new InvalidOperationException($"Entry {entry.Position} does not follow the cached window that ends before {EndIndex}.");
        }

        if (_count == _ring.Length)
        {
            Grow();
        }

        _ring[(_head + _count) & (_ring.Length - 1)] = entry;
        _count++;
        _bytes += entry.SizeBytes;
    }

    /// <summary>Drops the oldest entries over the limit, but none after <paramref name="appliedIndex"/>: those will be needed next.</summary>
    public void Trim(long appliedIndex)
    {
        while (_count > 0 && _bytes > maxBytes && FirstIndex <= appliedIndex)
        {
            _bytes -= _ring[_head].SizeBytes;
            _ring[_head] = default;
            _head = (_head + 1) & (_ring.Length - 1);
            _count--;
            FirstIndex++;
        }
    }

    private void Grow()
    {
        Entry[] larger = new Entry[_ring.Length * 2];
        for (int i = 0; i < _count; i++)
        {
            larger[i] = _ring[(_head + i) & (_ring.Length - 1)];
        }

        _ring = larger;
        _head = 0;
    }
}
