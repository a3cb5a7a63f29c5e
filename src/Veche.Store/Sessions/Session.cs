using System.Buffers.Binary;
using System.Text;

namespace Veche.Store.Sessions;

/// <summary>A client's session: the outcomes of its last requests, by their numbers.</summary>
internal sealed class Session(long id, string user)
{
    private const byte FormatVersion = 1;

    public long Id => id;

    /// <summary>Who opened it; empty while authentication was off.</summary>
    public string User => user;

    /// <summary>Where in the log it was last used. No two sessions were at the same place.</summary>
    public long LastUsedIndex { get; set; }

    /// <summary>Largest number of a request that was done or settled.</summary>
    public long HighestSequence { get; set; }

    public SortedDictionary<long, SessionOutcome> Outcomes { get; } = [];

    /// <summary>What it counts towards the limit.</summary>
    public long Bytes { get; set; } = SessionLimits.OverheadBytes;

    /// <summary>Numbers up to this one are no longer known.</summary>
    public long ForgottenThrough => HighestSequence - SessionLimits.Window;

    public byte[] Encode()
    {
        byte[] bytes = new byte[1 + 8 + 8 + Encoding.UTF8.GetByteCount(user)];
        bytes[0] = FormatVersion;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1), LastUsedIndex);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(9), HighestSequence);
        Encoding.UTF8.GetBytes(user, bytes.AsSpan(17));
        return bytes;
    }

    public static Session Decode(long id, ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 17 || bytes[0] != FormatVersion)
        {
            throw new InvalidDataException("a client's session is damaged, or of a later version. Start that version, or remove this member and add it anew with an empty directory.");
        }

        return new Session(id, Encoding.UTF8.GetString(bytes[17..]))
        {
            LastUsedIndex = BinaryPrimitives.ReadInt64LittleEndian(bytes[1..]),
            HighestSequence = BinaryPrimitives.ReadInt64LittleEndian(bytes[9..]),
        };
    }
}
