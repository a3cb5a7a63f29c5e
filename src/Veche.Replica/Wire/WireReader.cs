using System.Buffers.Binary;
using Veche.Raft;

namespace Veche.Replica.Wire;

/// <summary>Reads little-endian values from a message and refuses to read past its end.</summary>
/// <param name="source">The message. Kept: slices of it are handed out.</param>
internal ref struct WireReader(ReadOnlyMemory<byte> source)
{
    private readonly ReadOnlyMemory<byte> _source = source;
    private int _position;

    public readonly int Remaining => _source.Length - _position;

    public byte Byte() => Take(1)[0];

    public bool Flag() => Byte() switch
    {
        0 => false,
        1 => true,
        byte other => throw new InvalidDataException($"a flag is {other}"),
    };

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public long Int64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    /// <summary>An index, term or other number that is never negative.</summary>
    public long Natural()
    {
        long value = Int64();
        return value >= 0 ? value : throw new InvalidDataException($"{value} where a number from 0 up is expected");
    }

    public MemberId Member() => new((ulong)Int64());

    public LogPosition Position() => new(Natural(), Natural());

    /// <summary>A count of items that take at least <paramref name="minBytesEach"/> each, so that a lie cannot make room for more than was sent.</summary>
    public int Count(int minBytesEach)
    {
        int count = Int32();
        return count >= 0 && (long)count * minBytesEach <= Remaining
            ? count
            : throw new InvalidDataException($"{count} items cannot fit into the {Remaining} bytes that are left");
    }

    /// <summary>Length-prefixed bytes, as a slice of the message.</summary>
    public ReadOnlyMemory<byte> Bytes()
    {
        int length = Count(1);
        ReadOnlyMemory<byte> bytes = _source.Slice(_position, length);
        _position += length;
        return bytes;
    }

    public readonly void End()
    {
        if (Remaining != 0)
        {
            throw new InvalidDataException($"{Remaining} bytes follow the end of the message");
        }
    }

    private ReadOnlySpan<byte> Take(int length)
    {
        if (Remaining < length)
        {
            throw new InvalidDataException("the message ends early");
        }

        ReadOnlySpan<byte> span = _source.Span.Slice(_position, length);
        _position += length;
        return span;
    }
}
