using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Veche.Raft;

/// <summary>
/// The payload of a configuration entry: format version, members with a kind each, and the context of the change.
/// Layout: version (1 byte), count (2 bytes), per member id (8), kind (1) and length of attributes (2) with as many bytes that
/// this version does not use; then the context to the end. Little-endian.
/// </summary>
public static class ConfigurationEntry
{
    private const byte FormatVersion = 1;
    private const int HeaderLength = 3;
    private const int MemberLength = 11;

    [Flags]
    private enum Kind : byte
    {
        Voter = 1,
        OutgoingVoter = 2,
        Learner = 4,
    }

    /// <summary>Encodes a configuration and the context of the change that led to it.</summary>
    public static ReadOnlyMemory<byte> Encode(Configuration configuration, ReadOnlySpan<byte> context = default)
    {
        byte[] data = new byte[HeaderLength + (configuration.AllMembers.Count * MemberLength) + context.Length];
        data[0] = FormatVersion;
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(1), (ushort)configuration.AllMembers.Count);
        int position = HeaderLength;
        foreach (MemberId member in configuration.AllMembers)
        {
            Kind kind = configuration.IsLearner(member) ? Kind.Learner : 0;
            kind |= configuration.Voters.Contains(member) ? Kind.Voter : 0;
            kind |= configuration.OutgoingVoters.Contains(member) ? Kind.OutgoingVoter : 0;
            BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(position), member.Value);
            data[position + 8] = (byte)kind;
            position += MemberLength;
        }

        context.CopyTo(data.AsSpan(position));
        return data;
    }

    /// <summary>Decodes; false when the bytes are no configuration of a version this code knows.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> data, [NotNullWhen(true)] out Configuration? configuration, out ReadOnlyMemory<byte> context)
    {
        configuration = null;
        context = default;
        ReadOnlySpan<byte> span = data.Span;
        if (span.Length < HeaderLength || span[0] != FormatVersion)
        {
            return false;
        }

        int count = BinaryPrimitives.ReadUInt16LittleEndian(span[1..]);
        if (count > Configuration.MaxMembers)
        {
            return false;
        }

        List<MemberId> voters = [];
        List<MemberId> outgoing = [];
        List<MemberId> learners = [];
        int position = HeaderLength;
        for (int i = 0; i < count; i++)
        {
            if (span.Length - position < MemberLength)
            {
                return false;
            }

            var member = new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(span[position..]));
            var kind = (Kind)span[position + 8];
            int attributes = BinaryPrimitives.ReadUInt16LittleEndian(span[(position + 9)..]);
            position += MemberLength + attributes;
            if (position > span.Length || kind == 0 || (kind & ~(Kind.Voter | Kind.OutgoingVoter | Kind.Learner)) != 0)
            {
                return false;
            }

            Add(kind, Kind.Voter, voters, member);
            Add(kind, Kind.OutgoingVoter, outgoing, member);
            Add(kind, Kind.Learner, learners, member);
        }

        context = data[position..];
        return Configuration.TryMake([.. voters], [.. outgoing], [.. learners], out configuration, out _);
    }

    private static void Add(Kind kind, Kind wanted, List<MemberId> to, MemberId member)
    {
        if ((kind & wanted) != 0)
        {
            to.Add(member);
        }
    }
}
