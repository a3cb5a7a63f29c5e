using Veche.Raft;

namespace Veche.Log;

/// <summary>Entries back from disk, beside the writer.</summary>
public sealed partial class WriteAheadLog
{
    /// <summary>Reads entries that are durable, in order, from the first asked for until one is missing or the bytes are used up.</summary>
    /// <param name="first">First index.</param>
    /// <param name="last">Last index.</param>
    /// <param name="maxBytes">Stop before more bytes of entries than this; one is always read.</param>
    /// <param name="into">Gets the entries.</param>
    /// <returns>How many were read; 0 when the log does not have the first.</returns>
    /// <exception cref="LogDamagedException">A record is not what was written.</exception>
    public int Read(long first, long last, long maxBytes, List<Entry> into)
    {
        // Files are only removed under this lock, so what the index points to stays while it is held. Writing does not take it.
        lock (_filesLock)
        {
            List<RecordLocation> locations = [];
            lock (_indexLock)
            {
                if (first <= _index.Base.Index)
                {
                    return 0;
                }

                long bytes = 0;
                for (long index = first; index <= Math.Min(last, _index.Last.Index); index++)
                {
                    RecordLocation location = _index[index];
                    bytes += location.Size;
                    bool isDurable = !ReferenceEquals(location.Segment, _current) || location.Offset + location.Size <= Volatile.Read(ref _bufferOffset);
                    if (!isDurable || (bytes > maxBytes && locations.Count > 0))
                    {
                        break;
                    }

                    locations.Add(location);
                }
            }

            for (int i = 0; i < locations.Count; i++)
            {
                into.Add(ReadEntry(locations[i], first + i));
            }

            return locations.Count;
        }
    }

    private static Entry ReadEntry(in RecordLocation location, long index)
    {
        byte[] bytes = new byte[location.Size];
        if (location.Segment.File.Read(location.Offset, bytes) != bytes.Length
            || !Record.TryRead(bytes, out Record record) || record.Type != RecordType.Entry || record.Index != index || record.Term != location.Term)
        {
            throw new LogDamagedException($"{location.Segment.Name} is damaged at byte {location.Offset}: entry {index} is not what was written there.", "Start the member again: it repairs itself from the others, or says what to do.");
        }

        return new Entry(index, record.Term, record.Kind, bytes.AsMemory(Record.HeaderLength, record.PayloadLength));
    }
}
