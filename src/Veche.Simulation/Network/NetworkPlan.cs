namespace Veche.Simulation.Network;

/// <summary>How the network behaves when nobody breaks it further.</summary>
public sealed record NetworkPlan
{
    /// <summary>Shortest way of a message, in microseconds.</summary>
    public long MinDelayUs { get; init; } = 200;

    /// <summary>Mean of what is added to it, exponentially distributed, in microseconds.</summary>
    public long MeanDelayUs { get; init; } = 300;

    /// <summary>Probability that a message is lost.</summary>
    public double Loss { get; init; }

    /// <summary>Probability that a message arrives twice.</summary>
    public double Duplication { get; init; }

    /// <summary>True when messages of one path may overtake each other; false when each path keeps their order, as a connection does.</summary>
    public bool Reorders { get; init; }

    /// <summary>Most messages on one path at a time; more are lost.</summary>
    public int PathCapacity { get; init; } = 10_000;

    /// <summary>Probability that a message goes through the wire format, both ways, instead of being handed over.</summary>
    public double WireFormat { get; init; }

    /// <summary>Draws one.</summary>
    public static NetworkPlan Draw(SimulationRandom random) => new()
    {
        MinDelayUs = random.Chance(0.3) ? random.Between(1_000L, 20_000) : random.Between(50L, 500),
        MeanDelayUs = random.Chance(0.3) ? random.Between(5_000L, 60_000) : random.Between(100L, 2_000),
        Loss = random.Chance(0.5) ? random.Fraction() * random.Fraction() * 0.3 : 0,
        Duplication = random.Chance(0.4) ? random.Fraction() * 0.3 : 0,
        Reorders = random.Chance(0.5),
        PathCapacity = random.Chance(0.2) ? random.Between(2, 20) : 10_000,
        WireFormat = random.Chance(0.5) ? 0.1 : 0,
    };
}
