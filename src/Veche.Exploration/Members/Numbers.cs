using Veche.Raft;

namespace Veche.Exploration.Members;

/// <summary>A state written down as numbers, as a key: equal only when all of them are.</summary>
internal readonly struct Numbers : IEquatable<Numbers>
{
    private readonly long[] _numbers;
    private readonly ulong _hash;

    public Numbers(StateWriter writer)
    {
        _numbers = [.. writer.Numbers];
        _hash = writer.Hash();
    }

    public bool Equals(Numbers other) => _hash == other._hash && _numbers.AsSpan().SequenceEqual(other._numbers);

    public override bool Equals(object? obj) => obj is Numbers other && Equals(other);

    public override int GetHashCode() => (int)_hash;
}
