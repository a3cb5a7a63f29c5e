using Google.Protobuf;

namespace Veche.Simulation.Clients;

/// <summary>
/// Names of the keys of a world. In threes each begins with the one before, with bytes of zero behind it: whoever takes such a byte for an end, or
/// compares lengths before bytes, mixes them up. Their numbers are in the order of their bytes.
/// </summary>
internal static class KeyNames
{
    /// <summary>Most keys of a world.</summary>
    public const int Most = 256;

    private static readonly string[] Suffixes = ["", "\0", "\0\u0001"];
    private static readonly ByteString[] Known = [.. Enumerable.Range(0, Most).Select(static number => ByteString.CopyFromUtf8($"k{number / 3:d3}{Suffixes[number % 3]}"))];
    private static readonly string[] Printed = [.. Enumerable.Range(0, Most).Select(static number => $"k{number / 3:d3}{new[] { "", "\\0", "\\0\\1" }[number % 3]}")];

    /// <summary>Behind all keys.</summary>
    public static ByteString End { get; } = ByteString.CopyFromUtf8("l");

    /// <summary>A key's name as it can be printed; no two have the same.</summary>
    public static string Of(int number) => Printed[number];

    public static ByteString Bytes(int number) => Known[number];

    public static int NumberOf(ByteString key)
    {
        ReadOnlySpan<byte> bytes = key.Span;
        return bytes.Length is >= 4 and <= 6 && bytes[0] == 'k' ? (((((bytes[1] - '0') * 10) + bytes[2] - '0') * 10) + bytes[3] - '0') * 3 + bytes.Length - 4 : -1;
    }

    /// <summary>The number of the first key that is not before these bytes.</summary>
    public static int FirstFrom(ByteString key)
    {
        int low = 0;
        int high = Most;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = Known[middle].Span.SequenceCompareTo(key.Span) < 0 ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}

/// <summary>
/// Values of a world: numbers, as bytes. Some are long, some end in zeros, and one number is the empty value; 0 stands for no value at all.
/// </summary>
internal static class ValueBytes
{
    /// <summary>The number of the empty value, the only one that is not unique in a world.</summary>
    public const long Empty = 1;

    public static ByteString Of(long value)
    {
        if (value == Empty)
        {
            return ByteString.Empty;
        }

        Span<byte> bytes = stackalloc byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes, value);
        int more = Padding(value);
        if (more == 0)
        {
            return ByteString.CopyFrom(bytes);
        }

        byte[] padded = new byte[8 + more];
        bytes.CopyTo(padded);
        return UnsafeByteOperations.UnsafeWrap(padded);
    }

    /// <summary>The number of a value; -1 when nobody in a world wrote it.</summary>
    public static long Read(ByteString value)
    {
        ReadOnlySpan<byte> bytes = value.Span;
        if (bytes.Length < 8)
        {
            return bytes.IsEmpty ? Empty : -1;
        }

        long number = System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(bytes);
        return bytes.Length == 8 + Padding(number) && !bytes[8..].ContainsAnyExcept((byte)0) ? number : -1;
    }

    // Zeros behind the number: a few, several sectors of a disk, and as many as fill a segment of the log in a few writes.
    private static int Padding(long value) => ((ulong)value * 0x9E3779B97F4A7C15 >> 58) switch
    {
        0 => 3000,
        1 or 2 or 3 => 60,
        4 or 5 => 600,
        _ => 0,
    };
}
