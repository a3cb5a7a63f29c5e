using System.Buffers.Binary;

namespace Veche.Store.Bolt;

/// <summary>
/// Numbers of bbolt's file format, version 2, little-endian. The file is pages; two of them say where the tree of buckets begins, and each bucket
/// is a B+ tree of its own. A page: id (8), kind (2), number of elements (2), how many more pages it goes on for (4), elements, then the bytes they point to.
/// </summary>
internal static class BoltFormat
{
    public const int PageHeaderLength = 16;

    /// <summary>A leaf's element: flags (4), where its key is, counted from the element itself (4), length of the key (4) and of the value that follows it (4).
    /// A branch's: where its key is (4), length of the key (4), page (8).</summary>
    public const int ElementLength = 16;

    /// <summary>What a bucket is in the tree that holds it: first page (8), a counter of its own (8). With 0 for the page, its only page follows right here.</summary>
    public const int BucketLength = 16;

    public const int MetaLength = 64;
    public const ushort BranchPage = 0x01;
    public const ushort LeafPage = 0x02;
    public const ushort MetaPage = 0x04;
    public const ushort FreelistPage = 0x10;
    public const uint BucketElement = 0x01;
    private const uint Magic = 0xED0CDAED;
    private const uint Version = 2;
    private const int ChecksumOffset = 56;

    public static void WritePageHeader(Span<byte> destination, ulong id, ushort kind, int count, int overflow)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(destination, id);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[8..], kind);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[10..], checked((ushort)count));
        BinaryPrimitives.WriteInt32LittleEndian(destination[12..], overflow);
    }

    public static void WriteMeta(Span<byte> destination, in BoltMeta meta)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], Version);
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], meta.PageBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[12..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[16..], meta.RootPage);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[24..], 0);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[32..], meta.FreelistPage);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[40..], meta.PageCount);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[48..], meta.Transaction);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[ChecksumOffset..], Fnv1A(destination[..ChecksumOffset]));
    }

    /// <summary>Null when it is none, or damaged.</summary>
    public static BoltMeta? TryReadMeta(ReadOnlySpan<byte> source)
    {
        if (source.Length < MetaLength
            || BinaryPrimitives.ReadUInt32LittleEndian(source) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(source[4..]) != Version
            || BinaryPrimitives.ReadUInt64LittleEndian(source[ChecksumOffset..]) != Fnv1A(source[..ChecksumOffset]))
        {
            return null;
        }

        var meta = new BoltMeta(
            BinaryPrimitives.ReadInt32LittleEndian(source[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[40..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[48..]));
        return meta.PageBytes is >= 512 and <= 1 << 20 ? meta : null;
    }

    private static ulong Fnv1A(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 14695981039346656037;
        foreach (byte single in bytes)
        {
            hash = unchecked((hash ^ single) * 1099511628211);
        }

        return hash;
    }
}

/// <summary>Where everything begins.</summary>
/// <param name="PageBytes">Size of a page.</param>
/// <param name="RootPage">First page of the tree of buckets.</param>
/// <param name="FreelistPage">Page that lists the unused ones.</param>
/// <param name="PageCount">How many pages there are.</param>
/// <param name="Transaction">Of two, the one with the higher number counts.</param>
internal readonly record struct BoltMeta(int PageBytes, ulong RootPage, ulong FreelistPage, ulong PageCount, ulong Transaction);
