using System.Buffers.Binary;
using Veche.Raft;

namespace Veche.Hosting.Peers;

/// <summary>What a connection between members is for.</summary>
internal enum ConnectionPurpose : byte
{
    Messages = 1,
    Snapshot = 2,

    /// <summary>Asked by somebody who does not know the cluster yet: who are its members?</summary>
    Membership = 3,

    /// <summary>A snapshot without data, for a witness.</summary>
    WitnessSnapshot = 4,
}

/// <summary>The answer to a handshake.</summary>
internal enum HandshakeStatus : byte
{
    Welcome = 0,
    WrongCluster = 1,
    WrongMember = 2,
    UnknownVersion = 3,
    Malformed = 4,

    /// <summary>The member that asks was removed from the cluster, for good.</summary>
    Removed = 5,

    /// <summary>The member that asks has been started before, with another log: what it had promised is forgotten.</summary>
    LostItsDisk = 6,
}

/// <summary>The first thing said on a connection: who wants what from whom, in which cluster and which version of the format.</summary>
internal readonly record struct Handshake(ushort Version, ConnectionPurpose Purpose, ulong ClusterId, MemberId From, MemberId To, ulong Incarnation)
{
    public const int Length = 8 + 2 + 1 + 8 + 8 + 8 + 8;

    /// <summary>Version of everything that follows the handshake.</summary>
    public const ushort CurrentVersion = 2;

    private static ReadOnlySpan<byte> Magic => "vechepr\n"u8;

    public void Write(Span<byte> destination)
    {
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[8..], Version);
        destination[10] = (byte)Purpose;
        BinaryPrimitives.WriteUInt64LittleEndian(destination[11..], ClusterId);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[19..], From.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[27..], To.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[35..], Incarnation);
    }

    public static bool TryRead(ReadOnlySpan<byte> source, out Handshake handshake)
    {
        handshake = default;
        if (source.Length < Length || !source[..8].SequenceEqual(Magic))
        {
            return false;
        }

        handshake = new Handshake(
            BinaryPrimitives.ReadUInt16LittleEndian(source[8..]),
            (ConnectionPurpose)source[10],
            BinaryPrimitives.ReadUInt64LittleEndian(source[11..]),
            new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(source[19..])),
            new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(source[27..])),
            BinaryPrimitives.ReadUInt64LittleEndian(source[35..]));
        return true;
    }

    /// <summary>What this side answers to it.</summary>
    public HandshakeStatus Judge(ulong clusterId, MemberId self, Func<MemberId, ulong, PeerVerdict>? judge) =>
        Version != CurrentVersion ? HandshakeStatus.UnknownVersion
        : Purpose == ConnectionPurpose.Membership ? HandshakeStatus.Welcome
        : ClusterId != clusterId ? HandshakeStatus.WrongCluster
        : To != self ? HandshakeStatus.WrongMember
        : Purpose is not (ConnectionPurpose.Messages or ConnectionPurpose.Snapshot or ConnectionPurpose.WitnessSnapshot) || From.IsNone || From == self ? HandshakeStatus.Malformed
        : judge?.Invoke(From, Incarnation) switch
        {
            PeerVerdict.Removed => HandshakeStatus.Removed,
            PeerVerdict.LostItsDisk => HandshakeStatus.LostItsDisk,
            _ => HandshakeStatus.Welcome,
        };
}
