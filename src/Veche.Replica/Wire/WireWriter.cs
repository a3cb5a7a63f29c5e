using System.Buffers;
using System.Buffers.Binary;
using Veche.Raft;

namespace Veche.Replica.Wire;

/// <summary>Writes little-endian values.</summary>
internal readonly ref struct WireWriter(IBufferWriter<byte> destination)
{
    public void Byte(byte value)
    {
        destination.GetSpan(1)[0] = value;
        destination.Advance(1);
    }

    public void Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    public void Int32(int value)
    {
        BinaryPrimitives.WriteInt32LittleEndian(destination.GetSpan(4), value);
        destination.Advance(4);
    }

    public void Int64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination.GetSpan(8), value);
        destination.Advance(8);
    }

    public void Member(MemberId member) => Int64((long)member.Value);

    public void Position(LogPosition position)
    {
        Int64(position.Index);
        Int64(position.Term);
    }

    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        Span<byte> room = destination.GetSpan(4 + bytes.Length);
        BinaryPrimitives.WriteInt32LittleEndian(room, bytes.Length);
        bytes.CopyTo(room[4..]);
        destination.Advance(4 + bytes.Length);
    }
}
