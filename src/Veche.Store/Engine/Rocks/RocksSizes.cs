namespace Veche.Store.Engine.Rocks;

/// <summary>
/// How much memory RocksDB may take, sized for a coordination store: its data is small, and members share their machine with what they coordinate.
/// </summary>
internal static class RocksSizes
{
    /// <summary>Blocks of the files, uncompressed, with their indexes and filters. What is not here is still in the system's page cache, compressed.</summary>
    public const uint BlockCacheBytes = 8 << 20;

    /// <summary>
    /// The most that one table of what is not in files yet may grow to. A second one may be on its way to disk beside it. Whoever owns the store flushes it
    /// earlier when there is no hurry (<see cref="KeyValueStore.UnflushedBytes"/>): under load many small files cost more, in files merged and in syncs of
    /// them, which those of the log wait for.
    /// </summary>
    public const uint WriteBufferBytes = 16 << 20;

    /// <summary>A table in memory grows by pieces of this size. The default would follow from the largest size of a table.</summary>
    public const uint WriteBufferPieceBytes = 512 << 10;

    /// <summary>So much of a file is written before it is sent on its way to the disk, so that its sync at the end has little left to do.</summary>
    public const ulong BytesPerSync = 512 << 10;

    /// <summary>Files of a level. The default of 64 MiB would follow from large write buffers.</summary>
    public const uint TargetFileBytes = 8 << 20;

    /// <summary>One to write tables out and one to merge files.</summary>
    public const int BackgroundJobs = 2;

    /// <summary>Opening a store is not worth more threads, and each has an arena of the allocator.</summary>
    public const int FileOpeningThreads = 1;

    public const int OpenFiles = 1024;

    public const int BloomBitsPerKey = 10;
}
