namespace Veche.Checking.Linearizability;

/// <summary>
/// The configurations (a set of placed operations and a state) from which the search has already gone on. Every hit is compared in full:
/// a hash that happens to be equal would cut off a branch never taken, and turn a valid history into an invalid one.
/// </summary>
internal sealed class ConfigurationCache
{
    private const int ChunkWords = 1 << 15;

    // A record is its hash, its state and length, and its words. A place is 0, or one more than where a record begins.
    private readonly List<ulong[]> _chunks = [];
    private long[] _places = new long[1 << 8];
    private int _used = ChunkWords;
    private int _count;

    public long BytesHeld { get; private set; } = (1 << 8) * sizeof(long);

    /// <summary>False when it was there.</summary>
    public bool Add(PlacedSet placed, int state)
    {
        ulong hash = placed.Hash ^ PlacedSet.Mix((ulong)state ^ 0xA5A5_0000_0000_0000);
        int length = placed.WordCount;
        ulong shape = ((ulong)(uint)length << 32) | (uint)state;
        Span<ulong> written = Reserve(length + 2);
        written[0] = hash;
        written[1] = shape;
        placed.CopyTo(written[2..]);
        int mask = _places.Length - 1;
        int at = (int)hash & mask;
        while (_places[at] != 0)
        {
            ReadOnlySpan<ulong> record = RecordAt(_places[at] - 1);
            if (record[0] == hash && record[1] == shape && record[2..].SequenceEqual(written[2..]))
            {
                return false;
            }

            at = (at + 1) & mask;
        }

        _places[at] = (((long)_chunks.Count - 1) << 32) + _used + 1;
        _used += length + 2;
        if (++_count * 2L > _places.Length)
        {
            Grow();
        }

        return true;
    }

    private Span<ulong> Reserve(int words)
    {
        if (_chunks.Count == 0 || _used + words > _chunks[^1].Length)
        {
            // The first chunk is small: most searches remember little.
            ulong[] chunk = new ulong[Math.Max(words, _chunks.Count == 0 ? ChunkWords >> 6 : ChunkWords)];
            _chunks.Add(chunk);
            BytesHeld += (long)chunk.Length * sizeof(ulong);
            _used = 0;
        }

        return _chunks[^1].AsSpan(_used, words);
    }

    private ReadOnlySpan<ulong> RecordAt(long place)
    {
        ulong[] chunk = _chunks[(int)(place >> 32)];
        int start = (int)(uint)place;
        return chunk.AsSpan(start, (int)(chunk[start + 1] >> 32) + 2);
    }

    private void Grow()
    {
        long[] places = new long[_places.Length * 2];
        int mask = places.Length - 1;
        foreach (long place in _places)
        {
            if (place == 0)
            {
                continue;
            }

            int at = (int)_chunks[(int)((place - 1) >> 32)][(int)(uint)(place - 1)] & mask;
            while (places[at] != 0)
            {
                at = (at + 1) & mask;
            }

            places[at] = place;
        }

        BytesHeld += (long)(places.Length - _places.Length) * sizeof(long);
        _places = places;
    }
}
