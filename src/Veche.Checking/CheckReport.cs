namespace Veche.Checking;

/// <summary>What a checker of named rules says.</summary>
/// <param name="Verdict">The verdict; <see cref="Verdict.Invalid"/> exactly when there are violations.</param>
/// <param name="Violations">Every broken rule that was found, in the order of the history; the first of them are enough when there are very many.</param>
/// <param name="Reason">When unknown, what the history does not say; otherwise null.</param>
public sealed record CheckReport(Verdict Verdict, IReadOnlyList<Violation> Violations, string? Reason = null)
{
    internal const int MaxViolations = 100;

    internal static CheckReport Of(List<Violation> violations) => new(violations.Count == 0 ? Verdict.Valid : Verdict.Invalid, violations);
}
