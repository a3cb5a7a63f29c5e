namespace Veche.Exploration;

/// <summary>When to give up. Giving up is never called complete.</summary>
public sealed record ExploreLimits
{
    /// <summary>Most states. Default 20 million.</summary>
    public int MaxStates { get; init; } = 20_000_000;

    /// <summary>Most bytes on the heap. Default 4 GiB.</summary>
    public long MaxMemoryBytes { get; init; } = 4L << 30;

    /// <summary>Take states that differ only in who is who for one. Default true.</summary>
    public bool UseSymmetry { get; init; } = true;

    /// <summary>Asked now and then whether to go on. Default: always.</summary>
    public Func<ExploreProgress, bool> GoOn { get; init; } = static _ => true;
}

/// <summary>How far an exploration is.</summary>
/// <param name="States">States found.</param>
/// <param name="Waiting">States found and not looked at yet.</param>
/// <param name="Depth">Moves from the beginning to those that are being looked at.</param>
public readonly record struct ExploreProgress(int States, int Waiting, int Depth);
