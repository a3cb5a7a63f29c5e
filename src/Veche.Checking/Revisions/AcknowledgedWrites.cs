namespace Veche.Checking.Revisions;

/// <summary>A change of one key that happened.</summary>
/// <param name="Revision">The revision that it made, or was part of.</param>
/// <param name="Key">Its key.</param>
/// <param name="Value">What was put; null when the key was deleted.</param>
public readonly record struct StoredChange(long Revision, string Key, string? Value);

/// <summary>That what was acknowledged is still there when everything is over.</summary>
public static class AcknowledgedWrites
{
    /// <summary>Compares what clients were promised with what the store holds.</summary>
    /// <param name="acknowledged">Every change that a client was told had happened. Rules: <c>lost-write</c> when it is gone, <c>altered-write</c> when another is in its place.</param>
    /// <param name="stored">Every change that the store has, after all faults are healed, of the whole history and uncompacted.</param>
    public static CheckReport Check(IEnumerable<StoredChange> acknowledged, IEnumerable<StoredChange> stored)
    {
        Dictionary<(long, string), string?> held = [];
        foreach (StoredChange change in stored)
        {
            held[(change.Revision, change.Key)] = change.Value;
        }

        List<Violation> violations = [];
        foreach (StoredChange change in acknowledged)
        {
            string promised = change.Value is null ? $"deletion of {change.Key}" : $"{change.Key} = {change.Value}";
            if (!held.TryGetValue((change.Revision, change.Key), out string? value))
            {
                violations.Add(new Violation("lost-write", $"{promised} was acknowledged at revision {change.Revision} and is gone"));
            }
            else if (value != change.Value)
            {
                violations.Add(new Violation("altered-write", $"{promised} was acknowledged at revision {change.Revision}, where {value ?? "a deletion"} is"));
            }
        }

        return CheckReport.Of(violations);
    }
}
