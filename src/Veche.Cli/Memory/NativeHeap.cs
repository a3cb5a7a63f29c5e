using System.Runtime.InteropServices;

namespace Veche.Cli.Memory;

/// <summary>
/// The C library's allocator, which RocksDB uses, set up for a server that shares its machine. By default glibc keeps a pool for almost every thread
/// and, after the first large block was freed, keeps the next ones of that size for itself.
/// </summary>
internal static partial class NativeHeap
{
    private const int TrimThreshold = -1;
    private const int MmapThreshold = -3;
    private const int ArenaMax = -8;

    /// <summary>At least this large, a block comes from the system and goes back to it. RocksDB's tables in memory are made of such blocks.</summary>
    private const int LargeBlockBytes = 256 << 10;

    private const int KeptFreeBytes = 512 << 10;
    private const int Pools = 2;

    /// <summary>True where the C library is glibc, whose functions these are.</summary>
    private static bool IsGlibc { get; } = OperatingSystem.IsLinux() && !RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal);

    /// <summary>To be called before anything allocates much. Does nothing where the C library is another.</summary>
    public static void Configure()
    {
        if (IsGlibc)
        {
            _ = SetOption(ArenaMax, Pools);
            _ = SetOption(MmapThreshold, LargeBlockBytes);
            _ = SetOption(TrimThreshold, KeptFreeBytes);
        }
    }

    /// <summary>Gives what is free back to the system.</summary>
    public static void Trim()
    {
        if (IsGlibc)
        {
            _ = TrimFree(0);
        }
    }

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int TrimFree(nuint keepBytes);
}
