using System.Buffers.Binary;

namespace Veche.Store.Mvcc;

/// <summary>A change in the history: the transaction (main) and the change within it (sub).</summary>
/// <param name="Main">Counts transactions that changed something; the first gets 2.</param>
/// <param name="Sub">Counts changes of one transaction from 0.</param>
internal readonly record struct Revision(long Main, long Sub) : IComparable<Revision>
{
    /// <summary>Length of the encoding, in bytes; a tombstone has one more.</summary>
    public const int Length = 17;

    private const byte Separator = (byte)'_';
    private const byte TombstoneMark = (byte)'t';

    public int CompareTo(Revision other) => Main != other.Main ? Main.CompareTo(other.Main) : Sub.CompareTo(other.Sub);

    /// <summary>etcd's encoding, which its hash of the store is made over: 8 bytes big-endian, an underscore, 8 bytes, and a t for a tombstone. Returns the length.</summary>
    public int Write(Span<byte> destination, bool tombstone)
    {
        BinaryPrimitives.WriteInt64BigEndian(destination, Main);
        destination[8] = Separator;
        BinaryPrimitives.WriteInt64BigEndian(destination[9..], Sub);
        if (!tombstone)
        {
            return Length;
        }

        destination[Length] = TombstoneMark;
        return Length + 1;
    }

    public static Revision Read(ReadOnlySpan<byte> source, out bool tombstone)
    {
        tombstone = source.Length > Length;
        return new Revision(BinaryPrimitives.ReadInt64BigEndian(source), BinaryPrimitives.ReadInt64BigEndian(source[9..]));
    }
}
