using System.Buffers.Binary;
using Veche.Raft;

namespace Veche.Replica;

/// <summary>
/// What a replica puts before each command in the log: who proposed it and under which number, so that the proposer
/// recognises its own command when it is applied, whichever leader appended it.
/// </summary>
public static class CommandHeader
{
    /// <summary>Length in bytes.</summary>
    public const int Length = 16;

    /// <summary>Writes the header to the start of <paramref name="entryData"/>.</summary>
    public static void Write(Span<byte> entryData, MemberId origin, long sequence)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(entryData, origin.Value);
        BinaryPrimitives.WriteInt64LittleEndian(entryData[8..], sequence);
    }

    /// <summary>Header and command in one new buffer.</summary>
    public static ReadOnlyMemory<byte> Wrap(MemberId origin, long sequence, ReadOnlySpan<byte> command)
    {
        byte[] data = GC.AllocateUninitializedArray<byte>(Length + command.Length);
        Write(data, origin, sequence);
        command.CopyTo(data.AsSpan(Length));
        return data;
    }

    /// <summary>Takes the header off; false when the data is too short to have one.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> entryData, out MemberId origin, out long sequence, out ReadOnlyMemory<byte> command)
    {
        if (entryData.Length < Length)
        {
            origin = MemberId.None;
            sequence = 0;
            command = default;
            return false;
        }

        ReadOnlySpan<byte> span = entryData.Span;
        origin = new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(span));
        sequence = BinaryPrimitives.ReadInt64LittleEndian(span[8..]);
        command = entryData[Length..];
        return true;
    }
}
