using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Veche.Raft;

/// <summary>
/// The payload of a configuration entry: format version, members with a kind each, and the context of the change.
/// Layout: version (1 byte), count (2 bytes); in version 2 the sizes of quorums (election, commit, outgoing election, outgoing commit: 2 bytes each);
/// per member id (8), kind (1) and length of attributes (2) with as many bytes (<see cref="MemberAttributes"/>); then the context to the end. Little-endian.
/// Version 2 is written only where sizes are set: who does not know it must not go on with majorities.
/// </summary>
public static class ConfigurationEntry
{
    private const byte Majorities = 1;
    private const byte WithSizes = 2;
    private const int HeaderLength = 3;
    private const int SizesLength = 8;
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
        bool hasSizes = configuration.Quorums != QuorumSizes.Majority || configuration.OutgoingQuorums != QuorumSizes.Majority;
        byte[] data = new byte[HeaderLength + (hasSizes ? SizesLength : 0) + configuration.AllMembers.Sum(member => MemberLength + MemberAttributes.LengthOf(configuration, member)) + context.Length];
        data[0] = hasSizes ? WithSizes : Majorities;
        BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(1), (ushort)configuration.AllMembers.Count);
        int position = HeaderLength;
        if (hasSizes)
        {
            foreach (int size in (ReadOnlySpan<int>)[configuration.Quorums.Election, configuration.Quorums.Commit, configuration.OutgoingQuorums.Election, configuration.OutgoingQuorums.Commit])
            {
                BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(position), (ushort)size);
                position += sizeof(ushort);
            }
        }

        foreach (MemberId member in configuration.AllMembers)
        {
            Kind kind = configuration.IsLearner(member) ? Kind.Learner : 0;
            kind |= configuration.Voters.Contains(member) ? Kind.Voter : 0;
            kind |= configuration.OutgoingVoters.Contains(member) ? Kind.OutgoingVoter : 0;
            BinaryPrimitives.WriteUInt64LittleEndian(data.AsSpan(position), member.Value);
            data[position + 8] = (byte)kind;
            int attributes = MemberAttributes.Write(configuration, member, data.AsSpan(position + MemberLength));
            BinaryPrimitives.WriteUInt16LittleEndian(data.AsSpan(position + 9), (ushort)attributes);
            position += MemberLength + attributes;
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
        if (span.Length < HeaderLength || span[0] is not (Majorities or WithSizes))
        {
            return false;
        }

        int count = BinaryPrimitives.ReadUInt16LittleEndian(span[1..]);
        int position = HeaderLength + (span[0] == WithSizes ? SizesLength : 0);
        if (count > Configuration.MaxMembers || span.Length < position)
        {
            return false;
        }

        List<MemberId> voters = [];
        List<MemberId> outgoing = [];
        List<MemberId> learners = [];
        List<MemberId> witnesses = [];
        Dictionary<MemberId, int> priorities = [];
        for (int i = 0; i < count; i++)
        {
            if (span.Length - position < MemberLength)
            {
                return false;
            }

            var member = new MemberId(BinaryPrimitives.ReadUInt64LittleEndian(span[position..]));
            var kind = (Kind)span[position + 8];
            int attributes = BinaryPrimitives.ReadUInt16LittleEndian(span[(position + 9)..]);
            position += MemberLength;
            if (position + attributes > span.Length || kind == 0 || (kind & ~(Kind.Voter | Kind.OutgoingVoter | Kind.Learner)) != 0
                || !MemberAttributes.TryRead(span.Slice(position, attributes), out int? priority, out bool isWitness))
            {
                return false;
            }

            position += attributes;
            Add(kind, Kind.Voter, voters, member);
            Add(kind, Kind.OutgoingVoter, outgoing, member);
            Add(kind, Kind.Learner, learners, member);
            if (isWitness)
            {
                witnesses.Add(member);
            }

            if (priority is { } given)
            {
                priorities[member] = given;
            }
        }

        context = data[position..];
        var parts = new Configuration.Parts([.. voters], [.. outgoing], [.. learners]) { Priorities = priorities, Witnesses = [.. witnesses] };
        if (span[0] == WithSizes)
        {
            parts = parts with { Quorums = ReadSizes(span[HeaderLength..]), OutgoingQuorums = ReadSizes(span[(HeaderLength + (2 * sizeof(ushort)))..]) };
        }

        return Configuration.TryMake(parts, out configuration, out _);
    }

    private static QuorumSizes ReadSizes(ReadOnlySpan<byte> source) => new(BinaryPrimitives.ReadUInt16LittleEndian(source), BinaryPrimitives.ReadUInt16LittleEndian(source[sizeof(ushort)..]));

    private static void Add(Kind kind, Kind wanted, List<MemberId> to, MemberId member)
    {
        if ((kind & wanted) != 0)
        {
            to.Add(member);
        }
    }
}
