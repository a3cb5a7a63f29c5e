using System.Buffers.Binary;

namespace Veche.Store.Mvcc;

/// <summary>
/// How the store is laid out in the engine: one byte of kind before each key.
/// Current: the user's key to its key-value now. History: revision to key-value, in etcd's encoding. Index: the user's key, escaped so that
/// no key is a prefix of another, then main and sub revision, to one byte that is 1 for a tombstone. Lease: id to times.
/// Attachment: lease id and user's key to nothing. Member: id to attributes. Meta: one record.
/// </summary>
internal static class KeyLayout
{
    public const byte Current = (byte)'c';
    public const byte History = (byte)'h';
    public const byte Index = (byte)'i';
    public const byte Lease = (byte)'l';
    public const byte Attachment = (byte)'a';
    public const byte Member = (byte)'p';
    public const byte Meta = (byte)'m';

    /// <summary>Longest History key.</summary>
    public const int MaxHistoryLength = 1 + Revision.Length + 1;

    public const int RevisionSuffixLength = 16;

    public static int CurrentLength(int keyLength) => 1 + keyLength;

    public static ReadOnlySpan<byte> WriteCurrent(Span<byte> destination, ReadOnlySpan<byte> key)
    {
        destination[0] = Current;
        key.CopyTo(destination[1..]);
        return destination[..(1 + key.Length)];
    }

    public static ReadOnlySpan<byte> WriteHistory(Span<byte> destination, Revision revision, bool tombstone)
    {
        destination[0] = History;
        return destination[..(1 + revision.Write(destination[1..], tombstone))];
    }

    /// <summary>Room that is always enough for an Index key.</summary>
    public static int MaxIndexLength(int keyLength) => 1 + (2 * keyLength) + 2 + RevisionSuffixLength;

    /// <summary>The part of an Index key that all versions of the user's key share; returns its length.</summary>
    public static int WriteIndexPrefix(Span<byte> destination, ReadOnlySpan<byte> key)
    {
        int length = 0;
        destination[length++] = Index;
        foreach (byte single in key)
        {
            destination[length++] = single;
            if (single == 0)
            {
                destination[length++] = 0xFF;
            }
        }

        destination[length++] = 0;
        destination[length++] = 0;
        return length;
    }

    public static ReadOnlySpan<byte> WriteIndex(Span<byte> destination, ReadOnlySpan<byte> key, Revision revision)
    {
        int length = WriteIndexPrefix(destination, key);
        BinaryPrimitives.WriteInt64BigEndian(destination[length..], revision.Main);
        BinaryPrimitives.WriteInt64BigEndian(destination[(length + 8)..], revision.Sub);
        return destination[..(length + RevisionSuffixLength)];
    }

    public static Revision ReadIndexRevision(ReadOnlySpan<byte> indexKey) =>
        new(BinaryPrimitives.ReadInt64BigEndian(indexKey[^16..]), BinaryPrimitives.ReadInt64BigEndian(indexKey[^8..]));

    /// <summary>The user's key in an Index key.</summary>
    public static byte[] ReadIndexUserKey(ReadOnlySpan<byte> indexKey)
    {
        ReadOnlySpan<byte> escaped = indexKey[1..^(2 + RevisionSuffixLength)];
        byte[] key = new byte[escaped.Length];
        int length = 0;
        for (int i = 0; i < escaped.Length; i++)
        {
            key[length++] = escaped[i];
            if (escaped[i] == 0)
            {
                i++;
            }
        }

        return key[..length];
    }

    public static byte[] LeaseKey(long id) => WithId(Lease, id, 0);

    public static byte[] MemberKey(ulong id) => WithId(Member, (long)id, 0);

    public static byte[] AttachmentPrefix(long leaseId) => WithId(Attachment, leaseId, 0);

    public static byte[] AttachmentKey(long leaseId, ReadOnlySpan<byte> key)
    {
        byte[] bytes = WithId(Attachment, leaseId, key.Length);
        key.CopyTo(bytes.AsSpan(9));
        return bytes;
    }

    private static byte[] WithId(byte kind, long id, int more)
    {
        byte[] bytes = new byte[9 + more];
        bytes[0] = kind;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(1), id);
        return bytes;
    }
}
