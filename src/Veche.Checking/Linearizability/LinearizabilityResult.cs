namespace Veche.Checking.Linearizability;

/// <summary>What a search found.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Order">When valid, one order of the operations that explains all results; otherwise the longest partial one that was reached.</param>
/// <param name="Blocked">When invalid, a completed operation at whose return every order had failed; otherwise -1.</param>
/// <param name="Steps">Operations tried.</param>
/// <param name="Reason">When unknown, what ran out; otherwise null.</param>
public sealed record LinearizabilityResult(Verdict Verdict, IReadOnlyList<int> Order, int Blocked, long Steps, string? Reason);
