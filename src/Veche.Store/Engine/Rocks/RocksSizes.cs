namespace Veche.Store.Engine.Rocks;

/// <summary>
/// How much memory RocksDB may take, sized for a coordination store: its data is small, and members share their machine with what they coordinate.
/// </summary>
internal static class RocksSizes
{
    /// <summary>Blocks of the files, uncompressed, with their indexes and filters. What is not here is still in the system's page cache, compressed.</summary>
    public const uint BlockCacheBytes = 8 << 20;

    /// <summary>One table of what is not in files yet. A second one may be on its way to disk beside it.</summary>
    public const uint WriteBufferBytes = 4 << 20;

    /// <summary>Files of a level. The default of 64 MiB would follow from large write buffers.</summary>
    public const uint TargetFileBytes = 8 << 20;

    /// <summary>One to write tables out and one to merge files.</summary>
    public const int BackgroundJobs = 2;

    /// <summary>Opening a store is not worth more threads, and each has an arena of the allocator.</summary>
    public const int FileOpeningThreads = 1;

    public const int OpenFiles = 1024;

    public const int BloomBitsPerKey = 10;
}
