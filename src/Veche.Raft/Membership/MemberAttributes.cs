using System.Buffers.Binary;

namespace Veche.Raft;

/// <summary>
/// The attributes of a member in a <see cref="ConfigurationEntry"/>: fields of tag (1 byte), length (1 byte) and value, one after the other; only what differs
/// from its default is there. Tags are never used again for anything else. A version that does not know a tag passes over it when it is below
/// <see cref="FirstThatMustBeKnown"/>; otherwise it does not take the configuration.
/// </summary>
internal static class MemberAttributes
{
    private const byte PriorityTag = 1;

    /// <summary>A witness; without a value. Whoever does not know it would count it as a copy of the data, and send it values.</summary>
    private const byte WitnessTag = 129;

    private const int FieldLength = 2;

    /// <summary>From this tag on, a version that does not know the field would do something unsafe.</summary>
    private const byte FirstThatMustBeKnown = 128;

    public static int LengthOf(Configuration configuration, MemberId member) =>
        configuration.IsWitness(member) ? FieldLength : configuration.PriorityOf(member) == Configuration.DefaultPriority ? 0 : FieldLength + sizeof(int);

    /// <returns>How many bytes were written.</returns>
    public static int Write(Configuration configuration, MemberId member, Span<byte> destination)
    {
        int length = LengthOf(configuration, member);
        if (configuration.IsWitness(member))
        {
            destination[0] = WitnessTag;
            destination[1] = 0;
        }
        else if (length > 0)
        {
            destination[0] = PriorityTag;
            destination[1] = sizeof(int);
            BinaryPrimitives.WriteInt32LittleEndian(destination[FieldLength..], configuration.PriorityOf(member));
        }

        return length;
    }

    /// <returns>False when they are damaged, or hold what this version must know and does not.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out int? priority, out bool isWitness)
    {
        priority = null;
        isWitness = false;
        while (source.Length > 0)
        {
            if (source.Length < FieldLength || source.Length - FieldLength < source[1])
            {
                return false;
            }

            ReadOnlySpan<byte> value = source.Slice(FieldLength, source[1]);
            switch (source[0])
            {
                case PriorityTag when value.Length == sizeof(int):
                    priority = BinaryPrimitives.ReadInt32LittleEndian(value);
                    break;
                case WitnessTag when value.IsEmpty:
                    isWitness = true;
                    break;
                case PriorityTag or >= FirstThatMustBeKnown:
                    return false;
            }

            source = source[(FieldLength + value.Length)..];
        }

        return true;
    }
}
