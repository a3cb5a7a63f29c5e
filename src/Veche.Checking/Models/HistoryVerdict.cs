namespace Veche.Checking.Models;

/// <summary>What is said about a recorded history.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Summary">In one line.</param>
/// <param name="CounterExample">When invalid, lines that show why; otherwise empty.</param>
/// <param name="Violations">When invalid, the rules that are broken.</param>
public sealed record HistoryVerdict(Verdict Verdict, string Summary, IReadOnlyList<string> CounterExample, IReadOnlyList<Violation> Violations);
