using System.Buffers.Binary;
using System.Numerics;

namespace Veche.Log;

/// <summary>CRC-32C, eight bytes at a time, and the hash that chains records.</summary>
internal static class Checksum
{
    public static uint Crc32C(ReadOnlySpan<byte> bytes) => Finish(Add(Begin, bytes));

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

    /// <summary>The running hash after one more record: depends on everything before it and on all of the record (through its checksum) and its place.</summary>
    public static ulong Chain(ulong before, uint contentCrc, int length, long index, long term)
    {
        ulong hash = Mix(before ^ contentCrc ^ ((ulong)(uint)length << 32));
        hash = Mix(hash ^ (ulong)index);
        return Mix(hash ^ (ulong)term);
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93;
        value = (value ^ (value >> 32)) * 0xD6E8FEB86659FD93;
        return value ^ (value >> 32);
    }
}
