using System.Numerics;

namespace Veche.Checking.Linearizability;

/// <summary>
/// Which operations are placed. Completed ones, in order of their calls, are all placed up to some point and none is placed far behind it,
/// so a set is told by the words in between: its size depends on how many operations were concurrent, not on how long the history is.
/// Those of unknown outcome may stay unplaced for ever and have bits of their own.
/// </summary>
internal sealed class PlacedSet
{
    private readonly ulong[] _completed;
    private readonly ulong[] _open;
    private readonly int[] _rank;
    private readonly Timeline _timeline;
    private int _first;
    private int _end;

    public PlacedSet(Timeline timeline, int operations)
    {
        _timeline = timeline;
        _rank = new int[operations];
        int completed = 0;
        int open = 0;
        for (int entry = timeline.First; entry != 0; entry = timeline.Next(entry))
        {
            if (!timeline.IsReturn(entry))
            {
                int operation = timeline.OperationAt(entry);
                _rank[operation] = timeline.IsOpen(operation) ? open++ : completed++;
            }
        }

        CompletedCount = completed;
        _completed = new ulong[(completed >> 6) + 1];
        _open = new ulong[(open + 63) >> 6];
    }

    public int CompletedCount { get; }

    public ulong Hash { get; private set; }

    /// <summary>What undoing a placement needs: where the words that tell the set began and ended.</summary>
    public (int First, int End) Bounds => (_first, _end);

    public bool Contains(int operation) => (Bits(operation)[_rank[operation] >> 6] & (1UL << _rank[operation])) != 0;

    public void Add(int operation)
    {
        Flip(operation);
        if (_timeline.IsOpen(operation))
        {
            return;
        }

        _end = Math.Max(_end, (_rank[operation] >> 6) + 1);
        while (_first < _completed.Length && _completed[_first] == ulong.MaxValue)
        {
            _first++;
        }

        _end = Math.Max(_end, _first);
    }

    public void Remove(int operation, (int First, int End) bounds)
    {
        Flip(operation);
        (_first, _end) = bounds;
    }

    /// <summary>How many words <see cref="CopyTo"/> writes.</summary>
    public int WordCount => 1 + (_end - _first) + _open.Length;

    /// <summary>Words that are the same for the same set and for no other.</summary>
    public void CopyTo(Span<ulong> words)
    {
        words[0] = (uint)_first;
        _completed.AsSpan(_first, _end - _first).CopyTo(words[1..]);
        _open.CopyTo(words[(1 + _end - _first)..]);
    }

    /// <summary>A well mixed number for each number (splitmix64).</summary>
    public static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }

    private ulong[] Bits(int operation) => _timeline.IsOpen(operation) ? _open : _completed;

    private void Flip(int operation)
    {
        Bits(operation)[_rank[operation] >> 6] ^= 1UL << _rank[operation];
        Hash ^= BitOperations.RotateLeft(Mix((ulong)operation), 17);
    }
}
