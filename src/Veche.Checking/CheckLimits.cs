namespace Veche.Checking;

/// <summary>How much a checker may spend before it says <see cref="Verdict.Unknown"/>.</summary>
public sealed record CheckLimits
{
    /// <summary>The limits used when none are given.</summary>
    public static CheckLimits Default { get; } = new();

    /// <summary>Wall time for the whole check. Default 60 seconds.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Bytes that the search may hold to remember where it has been. Default 1 GiB.</summary>
    public long MemoryBytes { get; init; } = 1L << 30;

    /// <summary>Steps of one search (operations tried). Default: no limit. Unlike time, the same on every machine.</summary>
    public long Steps { get; init; } = long.MaxValue;

    /// <summary>Whether the search leaves a branch when a read is out of reach. Without, it is slower and says exactly how far it came.</summary>
    internal bool LooksAhead { get; init; } = true;
}
