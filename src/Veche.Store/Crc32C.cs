using System.Buffers.Binary;
using System.Numerics;

namespace Veche.Store;

/// <summary>CRC-32C, eight bytes at a time.</summary>
internal static class Crc32C
{
    public const uint Begin = uint.MaxValue;

    public static uint Add(uint crc, ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            bytes = bytes[8..];
        }

        foreach (byte single in bytes)
        {
            crc = BitOperations.Crc32C(crc, single);
        }

        return crc;
    }

    public static uint Finish(uint crc) => ~crc;
}
