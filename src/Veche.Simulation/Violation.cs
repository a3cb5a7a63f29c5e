namespace Veche.Simulation;

/// <summary>Something that must never happen, and did.</summary>
/// <param name="Property">Which promise it breaks, in a few words that never change.</param>
/// <param name="Detail">Who, when and what.</param>
/// <param name="TimeNs">Simulated time, in nanoseconds since the world began.</param>
public sealed record Violation(string Property, string Detail, long TimeNs)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Property} at {TimeNs / 1e9:F6} s: {Detail}";
}

/// <summary>Ends a simulation at the step that broke a promise.</summary>
internal sealed class ViolationException(string property, string detail) : Exception($"{property}: {detail}")
{
    public string Property { get; } = property;

    public string Detail { get; } = detail;
}
