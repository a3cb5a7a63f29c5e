using Veche.Raft;

namespace Veche.Log.Tests;

/// <summary>Opens logs on a disk that can crash, and makes writes for them.</summary>
internal static class LogHarness
{
    public static readonly LogIdentity Identity = new(7, new MemberId(1));
    public static readonly Configuration Members = Configuration.Of([new MemberId(1), new MemberId(2), new MemberId(3)]);

    public static LogOptions Options { get; } = new()
    {
        Identity = Identity,
        SegmentBytes = 64 << 10,
        InitialBase = new SnapshotPoint(LogPosition.Zero, Members),
    };

    public static LogRecovery Open(IDisk disk, LogIdentity? identity = null) => WriteAheadLog.Open(disk, Options with { Identity = identity ?? Identity });

    public static LogWrite Entries(long writeId, long firstIndex, long term, params int[] sizes) => new()
    {
        WriteId = writeId,
        Entries = [.. sizes.Select((size, i) => new Entry(firstIndex + i, term, EntryKind.Command, Payload(firstIndex + i, term, size)))],
    };

    public static byte[] Payload(long index, long term, int size)
    {
        byte[] bytes = new byte[size];
        if ((index + term) % 5 == 0)
        {
            // Zeros are what a log has where nothing was written, and as good a value as any.
            return bytes;
        }

        for (int i = 0; i < size; i++)
        {
            bytes[i] = (byte)((index * 31) + (term * 7) + i);
        }

        return bytes;
    }

    public static List<Entry> ReadAll(WriteAheadLog log)
    {
        List<Entry> entries = [];
        log.Read(log.Base.Index + 1, log.Last.Index, long.MaxValue, entries);
        return entries;
    }

    public static string NewestSegment(MemoryDisk disk) => disk.List().Last(static name => name.EndsWith(".log", StringComparison.Ordinal));
}
