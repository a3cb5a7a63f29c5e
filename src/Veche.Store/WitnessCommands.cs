using Veche.Api.Commands;

namespace Veche.Store;

/// <summary>Which commands a witness gets whole: those that say where the members are, and nothing else. A list of what there is, so that a command of a later day is left out.</summary>
internal static class WitnessCommands
{
    private const int LengthDelimited = 2;

    /// <summary>Looks at the fields of the command and at nothing in them: it may be large.</summary>
    public static bool Include(ReadOnlySpan<byte> command)
    {
        bool includes = false;
        while (!command.IsEmpty)
        {
            if (!TryReadVarint(ref command, out ulong tag) || (tag & 7) != LengthDelimited || !TryReadVarint(ref command, out ulong length) || length > (ulong)command.Length)
            {
                return false;
            }

            switch (tag >> 3)
            {
                case Command.MemberFieldNumber or Command.MemberUpdateFieldNumber:
                    includes = true;
                    break;
                case Command.CallerFieldNumber:
                    break;
                default:
                    return false;
            }

            command = command[(int)length..];
        }

        return includes;
    }

    private static bool TryReadVarint(ref ReadOnlySpan<byte> source, out ulong value)
    {
        value = 0;
        for (int i = 0; i < Math.Min(source.Length, 10); i++)
        {
            value |= (ulong)(source[i] & 0x7F) << (7 * i);
            if (source[i] < 0x80)
            {
                source = source[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
