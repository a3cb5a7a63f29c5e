namespace Veche.Checking.Histories;

/// <summary>How large a history may be. A history comes from outside; what is larger is refused with its line.</summary>
public sealed record HistoryLimits
{
    /// <summary>The limits used when none are given.</summary>
    public static HistoryLimits Default { get; } = new();

    /// <summary>The longest line in bytes. Default 16 MiB, at least 64.</summary>
    public int MaxLineBytes { get; init; } = 16 << 20;

    /// <summary>The most operations. Default 50 million.</summary>
    public int MaxOperations { get; init; } = 50_000_000;
}
