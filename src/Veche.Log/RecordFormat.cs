using System.Buffers.Binary;
using Veche.Raft;

namespace Veche.Log;

/// <summary>What a record of the log says. The numbers are on disk.</summary>
internal enum RecordType : byte
{
    /// <summary>Not a record: room that was never written.</summary>
    None = 0,

    /// <summary>An entry; the payload is its data.</summary>
    Entry = 1,

    /// <summary>Term, and in the place of the index the vote.</summary>
    HardState = 2,

    /// <summary>Entries after the index are removed.</summary>
    KeepThrough = 3,

    /// <summary>The log starts over after a snapshot at index and term; the payload is its configuration.</summary>
    Reset = 4,

    /// <summary>Entries through index and term are gone, a snapshot covers them; the payload is the configuration there.</summary>
    Compacted = 5,
}

/// <summary>
/// The head of a record. Layout, little-endian: payload length (4), CRC-32C of all that follows including the payload (4), type (1), kind of
/// entry (1), flags (2), zero (4), index (8), term (8), running hash after this record (8), running hash up to which everything was durable when
/// this was written (8); then the payload, filled up with zeros to a multiple of 8.
/// </summary>
internal readonly record struct Record(RecordType Type, EntryKind Kind, bool EndsWrite, int PayloadLength, long Index, long Term, ulong Chain, ulong DurableChain)
{
    public const int HeaderLength = 48;

    private const ushort EndsWriteFlag = 1;

    /// <summary>Bytes a record with such a payload takes.</summary>
    public static int SizeOf(int payloadLength) => HeaderLength + ((payloadLength + 7) & ~7);

    public int Size => SizeOf(PayloadLength);

    /// <summary>Writes a record; returns the running hash after it.</summary>
    public static ulong Write(Span<byte> destination, RecordType type, EntryKind kind, bool endsWrite, long index, long term, ulong chainBefore, ulong durableChain, ReadOnlySpan<byte> payload)
    {
        destination[..SizeOf(payload.Length)].Clear();
        BinaryPrimitives.WriteInt32LittleEndian(destination, payload.Length);
        destination[8] = (byte)type;
        destination[9] = (byte)kind;
        BinaryPrimitives.WriteUInt16LittleEndian(destination[10..], endsWrite ? EndsWriteFlag : (ushort)0);
        BinaryPrimitives.WriteInt64LittleEndian(destination[16..], index);
        BinaryPrimitives.WriteInt64LittleEndian(destination[24..], term);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[40..], durableChain);
        payload.CopyTo(destination[HeaderLength..]);
        ulong chain = Checksum.Chain(chainBefore, ContentCrc(destination, payload.Length), payload.Length, index, term);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[32..], chain);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], Checksum.Crc32C(destination[8..(HeaderLength + payload.Length)]));
        return chain;
    }

    /// <summary>Reads a record whose checksum is right. Says nothing about whether it belongs there: that is what the running hash is for.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out Record record)
    {
        record = default;
        if (source.Length < HeaderLength)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(source);
        byte type = source[8];
        if (length < 0 || length > source.Length - HeaderLength || type is 0 or > (byte)RecordType.Compacted
            || source[9] > (byte)EntryKind.Configuration
            || BinaryPrimitives.ReadUInt16LittleEndian(source[10..]) > EndsWriteFlag
            || BinaryPrimitives.ReadInt32LittleEndian(source[12..]) != 0
            || SizeOf(length) > source.Length
            || Checksum.Crc32C(source[8..(HeaderLength + length)]) != BinaryPrimitives.ReadUInt32LittleEndian(source[4..]))
        {
            return false;
        }

        record = new Record(
            (RecordType)type,
            (EntryKind)source[9],
            (BinaryPrimitives.ReadUInt16LittleEndian(source[10..]) & EndsWriteFlag) != 0,
            length,
            BinaryPrimitives.ReadInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(source[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[40..]));
        return true;
    }

    /// <summary>True when this record is the one that follows, right here, after everything that has this running hash.</summary>
    public bool Follows(ulong chainBefore, ReadOnlySpan<byte> source) =>
        Chain == Checksum.Chain(chainBefore, ContentCrc(source, PayloadLength), PayloadLength, Index, Term);

    /// <summary>Everything of the record but its length, checksum and running hash.</summary>
    private static uint ContentCrc(ReadOnlySpan<byte> record, int payloadLength)
    {
        uint crc = Checksum.Add(Checksum.Begin, record[8..32]);
        crc = Checksum.Add(crc, record.Slice(HeaderLength, payloadLength));
        return Checksum.Finish(crc);
    }
}
