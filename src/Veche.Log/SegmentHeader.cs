using System.Buffers.Binary;
using Veche.Raft;

namespace Veche.Log;

/// <summary>
/// The head of a segment. It repeats what the segments before it led to, so that they can go once a snapshot covers them.
/// Layout, little-endian: magic (8), format version (4), length of the head (4), cluster (8), member (8), number of the segment (8), running hash so far (8),
/// term (8), vote (8), base index (8), base term (8), last index (8), last term (8), length of the configuration (4), zero (4), configuration at the base, CRC-32C of all that (4).
/// </summary>
internal sealed record SegmentHeader(LogIdentity Identity, long Sequence, ulong Chain, HardState HardState, SnapshotPoint Base, LogPosition Last)
{
    public const uint FormatVersion = 1;

    /// <summary>A head is never longer: it holds one configuration.</summary>
    public const int MaxLength = 64 << 10;

    private const int FixedLength = 104;

    private static ReadOnlySpan<byte> Magic => "vechewal"u8;

    public byte[] Encode()
    {
        ReadOnlySpan<byte> configuration = ConfigurationEntry.Encode(Base.Configuration).Span;
        byte[] bytes = new byte[(FixedLength + configuration.Length + 4 + 7) & ~7];
        Span<byte> span = bytes;
        Magic.CopyTo(span);
        BinaryPrimitives.WriteUInt32LittleEndian(span[8..], FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(span[12..], bytes.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(span[16..], Identity.ClusterId);
        BinaryPrimitives.WriteUInt64LittleEndian(span[24..], Identity.MemberId.Value);
        BinaryPrimitives.WriteInt64LittleEndian(span[32..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(span[40..], Chain);
        BinaryPrimitives.WriteInt64LittleEndian(span[48..], HardState.Term);
        BinaryPrimitives.WriteUInt64LittleEndian(span[56..], HardState.Vote.Value);
        WritePosition(span[64..], Base.Position);
        WritePosition(span[80..], Last);
        BinaryPrimitives.WriteInt32LittleEndian(span[96..], configuration.Length);
        configuration.CopyTo(span[FixedLength..]);
        BinaryPrimitives.WriteUInt32LittleEndian(span[^4..], Checksum.Crc32C(span[..^4]));
        return bytes;
    }

    /// <summary>Reads a head; null when it is not whole.</summary>
    /// <exception cref="NewerFormatException">It is whole as far as can be told, and of a later version.</exception>
    public static SegmentHeader? TryDecode(ReadOnlyMemory<byte> source, string file)
    {
        ReadOnlySpan<byte> span = source.Span;
        if (span.Length < FixedLength + 4 || !span[..8].SequenceEqual(Magic))
        {
            return null;
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(span[8..]);
        int length = BinaryPrimitives.ReadInt32LittleEndian(span[12..]);
        if (length < FixedLength + 4 || length > MaxLength || length > span.Length
            || Checksum.Crc32C(span[..(length - 4)]) != BinaryPrimitives.ReadUInt32LittleEndian(span[(length - 4)..]))
        {
            return null;
        }

        if (version > FormatVersion)
        {
            throw new NewerFormatException($"{file} has format version {version}; this version of Veche knows {FormatVersion}. Start the version that wrote it, or a later one.");
        }

        int configurationLength = BinaryPrimitives.ReadInt32LittleEndian(span[96..]);
        if (configurationLength < 0 || configurationLength > length - FixedLength - 4
            || !ConfigurationEntry.TryDecode(source.Slice(FixedLength, configurationLength), out Configuration? configuration, out _))
        {
            return null;
        }

        return new SegmentHeader(
            new LogIdentity(BinaryPrimitives.ReadUInt64LittleEndian(span[16..]), new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(span[24..]))),
            BinaryPrimitives.ReadInt64LittleEndian(span[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(span[40..]),
            new HardState(BinaryPrimitives.ReadInt64LittleEndian(span[48..]), new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(span[56..]))),
            new SnapshotPoint(ReadPosition(span[64..]), configuration),
            ReadPosition(span[80..]));
    }

    private static void WritePosition(Span<byte> destination, LogPosition position)
    {
        BinaryPrimitives.WriteInt64LittleEndian(destination, position.Index);
        BinaryPrimitives.WriteInt64LittleEndian(destination[8..], position.Term);
    }

    private static LogPosition ReadPosition(ReadOnlySpan<byte> source) =>
        new(BinaryPrimitives.ReadInt64LittleEndian(source), BinaryPrimitives.ReadInt64LittleEndian(source[8..]));
}
