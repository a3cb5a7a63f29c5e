using System.Buffers.Binary;
using System.Globalization;
using Veche.Raft;

namespace Veche.Log;

/// <summary>
/// A snapshot file. Head, little-endian: magic (8), format version (4), length of the head (4), cluster (8), member (8), index (8), term (8), length of the
/// configuration (4), configuration, CRC-32C of all that (4). Then blocks: length (4), CRC-32C of length and bytes (4), bytes. The last block has length 0 and
/// is followed by the number of bytes in all (8).
/// </summary>
internal static class SnapshotFormat
{
    public const uint FormatVersion = 1;
    public const int BlockBytes = 64 << 10;
    public const int BlockHeaderLength = 8;
    public const string TemporarySuffix = ".tmp";
    private const string Prefix = "snap-";
    private const string Suffix = ".snap";
    private const int FixedLength = 52;
    private const int MaxHeadLength = 64 << 10;

    private static ReadOnlySpan<byte> Magic => "vechesnp"u8;

    public static string NameOf(LogPosition position) =>
        string.Create(CultureInfo.InvariantCulture, $"{Prefix}{position.Index:x16}-{position.Term:x16}{Suffix}");

    public static bool TryParse(string name, out LogPosition position)
    {
        position = default;
        if (name.Length != Prefix.Length + 16 + 1 + 16 + Suffix.Length || !name.StartsWith(Prefix, StringComparison.Ordinal) || !name.EndsWith(Suffix, StringComparison.Ordinal)
            || !long.TryParse(name.AsSpan(Prefix.Length, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long index)
            || !long.TryParse(name.AsSpan(Prefix.Length + 17, 16), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long term))
        {
            return false;
        }

        position = new LogPosition(index, term);
        return true;
    }

    public static byte[] EncodeHead(LogIdentity identity, SnapshotPoint point)
    {
        ReadOnlySpan<byte> configuration = ConfigurationEntry.Encode(point.Configuration).Span;
        byte[] head = new byte[FixedLength + configuration.Length + 4];
        Span<byte> span = head;
        Magic.CopyTo(span);
        BinaryPrimitives.WriteUInt32LittleEndian(span[8..], FormatVersion);
        BinaryPrimitives.WriteInt32LittleEndian(span[12..], head.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(span[16..], identity.ClusterId);
        BinaryPrimitives.WriteUInt64LittleEndian(span[24..], identity.MemberId.Value);
        BinaryPrimitives.WriteInt64LittleEndian(span[32..], point.Position.Index);
        BinaryPrimitives.WriteInt64LittleEndian(span[40..], point.Position.Term);
        BinaryPrimitives.WriteInt32LittleEndian(span[48..], configuration.Length);
        configuration.CopyTo(span[FixedLength..]);
        BinaryPrimitives.WriteUInt32LittleEndian(span[^4..], Checksum.Crc32C(span[..^4]));
        return head;
    }

    /// <summary>Reads the head of a file, and where the blocks begin.</summary>
    /// <exception cref="LogOpenException">It is damaged, of a later version, or of another member.</exception>
    public static (SnapshotPoint Point, long BlocksOffset) ReadHead(IDiskFile file, string name, LogIdentity identity)
    {
        byte[] bytes = new byte[(int)Math.Min(MaxHeadLength, file.Length)];
        int read = file.Read(0, bytes);
        ReadOnlySpan<byte> span = bytes.AsSpan(0, read);
        int length = span.Length >= FixedLength + 4 && span[..8].SequenceEqual(Magic) ? BinaryPrimitives.ReadInt32LittleEndian(span[12..]) : 0;
        if (length < FixedLength + 4 || length > span.Length || Checksum.Crc32C(span[..(length - 4)]) != BinaryPrimitives.ReadUInt32LittleEndian(span[(length - 4)..]))
        {
            throw new LogDamagedException($"the head of snapshot {name} is damaged.", "Remove this member and add it anew with an empty directory.");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(span[8..]);
        if (version > FormatVersion)
        {
            throw new NewerFormatException($"{name} has format version {version}; this version of Veche knows {FormatVersion}. Start the version that wrote it, or a later one.");
        }

        var owner = new LogIdentity(BinaryPrimitives.ReadUInt64LittleEndian(span[16..]), new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(span[24..])));
        if (owner != identity)
        {
            throw new WrongIdentityException($"snapshot {name} belongs to {owner}, not to {identity}. Give this member its own data directory.");
        }

        int configurationLength = BinaryPrimitives.ReadInt32LittleEndian(span[48..]);
        if (configurationLength != length - FixedLength - 4 || !ConfigurationEntry.TryDecode(bytes.AsMemory(FixedLength, configurationLength), out Configuration? configuration, out _))
        {
            throw new LogDamagedException($"the head of snapshot {name} makes no sense.", "Remove this member and add it anew with an empty directory.");
        }

        var position = new LogPosition(BinaryPrimitives.ReadInt64LittleEndian(span[32..]), BinaryPrimitives.ReadInt64LittleEndian(span[40..]));
        return (new SnapshotPoint(position, configuration), length);
    }
}
