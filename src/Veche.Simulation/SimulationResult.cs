namespace Veche.Simulation;

/// <summary>How a simulation ended.</summary>
/// <param name="Plan">What was simulated.</param>
/// <param name="Violation">The promise that was broken, or null.</param>
/// <param name="Unrecoverable">Why no progress could be asked for in the end, or null when it was asked for and made.</param>
/// <param name="EventHash">Equal for two runs that did the same things in the same order.</param>
/// <param name="Events">Events that happened.</param>
/// <param name="TimeNs">Time that passed in the world, in nanoseconds.</param>
/// <param name="Counts">How often what happened, by name.</param>
public sealed record SimulationResult(
    SimulationPlan Plan,
    Violation? Violation,
    string? Unrecoverable,
    ulong EventHash,
    long Events,
    long TimeNs,
    IReadOnlyDictionary<string, long> Counts);
