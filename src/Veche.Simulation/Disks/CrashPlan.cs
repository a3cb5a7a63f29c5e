namespace Veche.Simulation.Disks;

/// <summary>What a crash does to each sector that was written and not synced. The four add up to any sum; they are weights.</summary>
public sealed record CrashPlan
{
    /// <summary>The new bytes are there.</summary>
    public int Keep { get; init; } = 1;

    /// <summary>The old bytes are there.</summary>
    public int Drop { get; init; } = 1;

    /// <summary>The first of the new bytes are there, then the old ones.</summary>
    public int Tear { get; init; } = 1;

    /// <summary>Neither: garbage, where the new bytes were to be.</summary>
    public int Corrupt { get; init; } = 1;

    /// <summary>Draws one.</summary>
    public static CrashPlan Draw(SimulationRandom random) => new()
    {
        Keep = random.Below(4),
        Drop = random.Below(4) + 1,
        Tear = random.Below(3),
        Corrupt = random.Below(3),
    };
}
