namespace Veche.Simulation.Network;

/// <summary>The way from one place to another. Each direction has its own.</summary>
internal sealed class Link
{
    /// <summary>Nothing passes while above zero: so many faults hold it.</summary>
    public int Blocks { get; set; }

    /// <summary>What is sent before this arrives only after it.</summary>
    public long CloggedUntilNs { get; set; }

    /// <summary>Everything takes this much longer.</summary>
    public long ExtraDelayNs { get; set; }

    /// <summary>Messages on their way.</summary>
    public int InFlight { get; set; }

    /// <summary>Where a path keeps the order: nothing arrives before this.</summary>
    public long LastArrivalNs { get; set; }
}
