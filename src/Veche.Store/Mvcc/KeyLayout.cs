using System.Buffers.Binary;

namespace Veche.Store.Mvcc;

/// <summary>
/// How the store is laid out in the engine: one byte of kind before each key.
/// Current: the user's key to its key-value now. History: revision to key-value, in etcd's encoding. Index: the user's key, escaped so that
/// no key is a prefix of another, then main and sub revision, to one byte that is 1 for a tombstone, and the length of the key-value in History
/// (4 bytes, little-endian; missing in stores of the first days). Lease: id to times. Alarm: kind and member to nothing.
/// Attachment: lease id and user's key to nothing. Member: id to attributes. Removed: id of a member that was removed to nothing. Meta: one record.
/// Auth: users, roles, and whether they are asked for. Downgrade: one record, the version that a downgrade under way goes to. Session: id to a client's session. Outcome: session's id and number of a request to its outcome.
/// </summary>
internal static class KeyLayout
{
    public const byte Current = (byte)'c';
    public const byte History = (byte)'h';
    public const byte Index = (byte)'i';
    public const byte Lease = (byte)'l';
    public const byte Attachment = (byte)'a';
    public const byte Member = (byte)'p';
    public const byte Removed = (byte)'x';
    public const byte Meta = (byte)'m';
    public const byte Auth = (byte)'u';
    public const byte Alarm = (byte)'w';
    public const byte Downgrade = (byte)'d';
    public const byte Session = (byte)'s';
    public const byte Outcome = (byte)'o';

    /// <summary>Longest History key.</summary>
    public const int MaxHistoryLength = 1 + Revision.Length + 1;

    public const int RevisionSuffixLength = 16;

    /// <summary>Length of an Index value.</summary>
    public const int IndexValueLength = 1 + 4;

    /// <summary>Length of a Lease key and its value.</summary>
    public const int LeaseLength = 9 + 16;

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

    /// <summary>Length of an Attachment key.</summary>
    public static int AttachmentLength(int keyLength) => 9 + keyLength;

    public static ReadOnlySpan<byte> WriteIndexValue(Span<byte> destination, bool tombstone, int keyValueLength)
    {
        destination[0] = tombstone ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteInt32LittleEndian(destination[1..], keyValueLength);
        return destination[..IndexValueLength];
    }

    /// <summary>Length of the version's key-value in History, or null when the store was written before it was kept.</summary>
    public static int? ReadIndexedLength(ReadOnlySpan<byte> indexValue) =>
        indexValue.Length >= IndexValueLength ? BinaryPrimitives.ReadInt32LittleEndian(indexValue[1..]) : null;

    public static Revision ReadIndexRevision(ReadOnlySpan<byte> indexKey) =>
        new(BinaryPrimitives.ReadInt64BigEndian(indexKey[^16..]), BinaryPrimitives.ReadInt64BigEndian(indexKey[^8..]));

    /// <summary>True when two Index keys are versions of the same key.</summary>
    public static bool IsSameUserKey(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right) =>
        left.Length == right.Length && left[..^RevisionSuffixLength].SequenceEqual(right[..^RevisionSuffixLength]);

    /// <summary>Puts another revision into an Index key.</summary>
    public static ReadOnlySpan<byte> WithRevision(Span<byte> indexKey, Revision revision)
    {
        BinaryPrimitives.WriteInt64BigEndian(indexKey[^16..], revision.Main);
        BinaryPrimitives.WriteInt64BigEndian(indexKey[^8..], revision.Sub);
        return indexKey;
    }

    /// <summary>The user's key in an Index key; returns its length, which is less than that of the Index key.</summary>
    public static int ReadIndexUserKey(ReadOnlySpan<byte> indexKey, Span<byte> destination)
    {
        ReadOnlySpan<byte> escaped = indexKey[1..^(2 + RevisionSuffixLength)];
        int length = 0;
        for (int i = 0; i < escaped.Length; i++)
        {
            destination[length++] = escaped[i];
            if (escaped[i] == 0)
            {
                i++;
            }
        }

        return length;
    }

    public static byte[] LeaseKey(long id) => WithId(Lease, id, 0);

    public static byte[] MemberKey(ulong id) => WithId(Member, (long)id, 0);

    public static byte[] RemovedKey(ulong id) => WithId(Removed, (long)id, 0);

    public static byte[] SessionKey(long id) => WithId(Session, id, 0);

    public static byte[] OutcomeKey(long sessionId, long sequence)
    {
        byte[] bytes = WithId(Outcome, sessionId, 8);
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(9), sequence);
        return bytes;
    }

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
