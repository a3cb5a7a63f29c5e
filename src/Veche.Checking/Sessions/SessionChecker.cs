namespace Veche.Checking.Sessions;

/// <summary>One completed operation of a session.</summary>
/// <param name="Session">Whose.</param>
/// <param name="IsWrite">It made its revision; otherwise it saw it.</param>
/// <param name="Revision">The revision.</param>
public readonly record struct SessionOperation(int Session, bool IsWrite, long Revision);

/// <summary>
/// The four session guarantees (Terry and others 1994), for a store that numbers its states: what one client does one after another must not go
/// back in revisions. Rules by name: <c>read-your-writes</c>, <c>monotonic-reads</c>, <c>monotonic-writes</c>, <c>writes-follow-reads</c>.
/// </summary>
public static class SessionChecker
{
    /// <summary>Checks all sessions.</summary>
    /// <param name="operations">Each session's in the order in which it called them, one after another; sessions in any order among each other.</param>
    public static CheckReport Check(IEnumerable<SessionOperation> operations)
    {
        Dictionary<int, (long Read, long Written)> sessions = [];
        List<Violation> violations = [];
        foreach (SessionOperation operation in operations)
        {
            (long read, long written) = sessions.GetValueOrDefault(operation.Session);
            if (operation.IsWrite)
            {
                // A write makes a revision of its own, so it may not even equal what was before.
                Require(operation.Revision > written, "monotonic-writes", operation, "writes", "had written", written, violations);
                Require(operation.Revision > read, "writes-follow-reads", operation, "writes", "had read", read, violations);
                sessions[operation.Session] = (read, Math.Max(written, operation.Revision));
            }
            else
            {
                Require(operation.Revision >= written, "read-your-writes", operation, "reads", "had written", written, violations);
                Require(operation.Revision >= read, "monotonic-reads", operation, "reads", "had read", read, violations);
                sessions[operation.Session] = (Math.Max(read, operation.Revision), written);
            }
        }

        return CheckReport.Of(violations);
    }

    private static void Require(bool holds, string rule, SessionOperation operation, string does, string had, long before, List<Violation> violations)
    {
        if (!holds)
        {
            violations.Add(new Violation(rule, $"session {operation.Session} {does} revision {operation.Revision} after it {had} revision {before}"));
        }
    }
}
