using System.Buffers.Binary;

namespace Veche.Simulation.Disks;

/// <summary>Where a record stands in a segment of a log, read without the log's own code; the format is described there.</summary>
internal readonly record struct LogRecord(int Offset, int Size, byte Type, long Index)
{
    private const int HeaderBytes = 48;
    private const byte EntryType = 1;
    private const byte HardStateType = 2;

    /// <summary>
    /// Each entry that another one of the same index and length had been before, and each change of term and vote, with the one before.
    /// </summary>
    /// <param name="segment">A segment from its beginning, as far as it is in order.</param>
    public static List<(LogRecord Older, LogRecord Newer)> Replaced(ReadOnlySpan<byte> segment)
    {
        List<(LogRecord, LogRecord)> pairs = [];
        Dictionary<(byte, long, int), LogRecord> last = [];
        for (int offset = segment.Length < 16 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(segment[12..]); offset > 0 && TryRead(segment, offset, out LogRecord record); offset += record.Size)
        {
            if (record.Type is not (EntryType or HardStateType))
            {
                continue;
            }

            (byte, long, int) place = (record.Type, record.Type == EntryType ? record.Index : 0, record.Size);
            if (last.TryGetValue(place, out LogRecord older) && !Content(segment, older).SequenceEqual(Content(segment, record)))
            {
                pairs.Add((older, record));
            }

            last[place] = record;
        }

        return pairs;
    }

    private static bool TryRead(ReadOnlySpan<byte> segment, int offset, out LogRecord record)
    {
        record = default;
        if (offset > segment.Length - HeaderBytes)
        {
            return false;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(segment[offset..]);
        byte type = segment[offset + 8];
        if (type == 0 || length < 0 || length > segment.Length - offset - HeaderBytes)
        {
            return false;
        }

        record = new LogRecord(offset, HeaderBytes + ((length + 7) & ~7), type, BinaryPrimitives.ReadInt64LittleEndian(segment[(offset + 16)..]));
        return record.Size <= segment.Length - offset;
    }

    /// <summary>What the record says: index or vote, and term.</summary>
    private static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> segment, LogRecord record) => segment.Slice(record.Offset + 16, 16);
}
