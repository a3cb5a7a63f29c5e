namespace Veche.Checking.Revisions;

/// <summary>
/// Linearizability of a store whose responses carry its revision, without a search: the revisions are the order, so it is enough to replay the writes
/// in that order, to compare every response with the state it names, and to see that the order agrees with time. O(n log n).
/// </summary>
/// <remarks>
/// Rules by name: <c>response</c> (a response is not what the state gives), <c>revision-unique</c> (two writes made one revision),
/// <c>revision-order</c> (a write was given a revision that was seen before it was called), <c>stale-read</c> (a linearizable read is older than
/// what was acknowledged before it was called), <c>revision-origin</c> (a revision that nobody can have made).
/// </remarks>
public static class RevisionChecker
{
    /// <summary>Checks a history.</summary>
    /// <typeparam name="TModel">The specification; fastest as a struct.</typeparam>
    /// <param name="operations">In any order. Leave out what is known not to have happened, and reads without a response.</param>
    /// <param name="model">The specification, in the state of <paramref name="firstRevision"/>.</param>
    /// <param name="firstRevision">The revision before the first write. etcd starts with 1.</param>
    /// <returns>Unknown when a revision is missing that an operation of unknown outcome may have made; say then under which revision that was seen.</returns>
    public static CheckReport Check<TModel>(ReadOnlySpan<RevisionOperation> operations, TModel model, long firstRevision = 1)
        where TModel : IRevisionModel
    {
        List<Violation> violations = [];
        string? reason = Replay(operations, ref model, firstRevision, violations);
        CompareWithTime(operations, ref model, violations);
        return violations.Count > 0 || reason is null ? CheckReport.Of(violations) : new CheckReport(Verdict.Unknown, [], reason);
    }

    private static string? Replay<TModel>(ReadOnlySpan<RevisionOperation> operations, ref TModel model, long revision, List<Violation> violations)
        where TModel : IRevisionModel
    {
        int unplaced = 0;
        foreach (ref readonly RevisionOperation operation in operations)
        {
            unplaced += operation.Revision == 0 ? 1 : 0;
        }

        foreach (int index in ByState(operations))
        {
            ref readonly RevisionOperation operation = ref operations[index];
            long state = StateOf(operation);
            if (operation.Revision == 0 || violations.Count >= CheckReport.MaxViolations)
            {
                continue;
            }

            bool isWrite = operation.Kind == RevisionOperationKind.Write;
            if (isWrite && state <= revision)
            {
                violations.Add(new Violation("revision-unique", $"{Describe(operation, model, index)} made a revision that had been made before"));
                continue;
            }

            long expected = isWrite ? revision + 1 : revision;
            if (state > expected)
            {
                // Behind a missing write no state is known, so nothing more can be compared.
                if (unplaced > 0)
                {
                    return $"nobody is known to have made revision {revision + 1}, and {unplaced} writes of unknown outcome may have";
                }

                violations.Add(new Violation("revision-origin", $"{Describe(operation, model, index)} implies revision {revision + 1}, which nobody made"));
                return null;
            }

            if (isWrite)
            {
                revision = state;
            }
            else if (state < revision)
            {
                violations.Add(new Violation("revision-origin", $"{Describe(operation, model, index)} is older than the first revision"));
                continue;
            }

            bool fits = isWrite ? model.TryWrite(index, operation.Return != RevisionOperation.NotReturned) : model.Matches(index);
            if (!fits)
            {
                violations.Add(new Violation("response", $"{Describe(operation, model, index)} did not return what revision {(isWrite ? revision - 1 : revision)} gives"));
            }
        }

        return null;
    }

    // Whatever saw a revision before another operation was called makes every older answer to that one stale.
    private static void CompareWithTime<TModel>(ReadOnlySpan<RevisionOperation> operations, ref TModel model, List<Violation> violations)
        where TModel : IRevisionModel
    {
        int[] calls = Order(operations, static operation => operation.Call);
        int[] returns = Order(operations, static operation => operation.Return);
        int returned = 0;
        long seen = 0;
        int seenBy = -1;
        foreach (int index in calls)
        {
            ref readonly RevisionOperation operation = ref operations[index];
            for (; returned < returns.Length && operations[returns[returned]].Return < operation.Call; returned++)
            {
                if (operations[returns[returned]].Revision > seen)
                {
                    seenBy = returns[returned];
                    seen = operations[seenBy].Revision;
                }
            }

            bool isWrite = operation.Kind == RevisionOperationKind.Write;
            if (operation.Revision == 0 || operation.Kind == RevisionOperationKind.SerializableRead || violations.Count >= CheckReport.MaxViolations
                || (isWrite ? operation.Revision > seen : operation.Revision >= seen))
            {
                continue;
            }

            violations.Add(new Violation(
                isWrite ? "revision-order" : "stale-read",
                $"{Describe(operation, model, index)} was called after revision {seen} had been seen by {Describe(operations[seenBy], model, seenBy)}"));
        }
    }

    private static string Describe<TModel>(in RevisionOperation operation, TModel model, int index)
        where TModel : IRevisionModel =>
        $"process {operation.Process}'s {model.Describe(index)} at revision {operation.Revision} [{operation.Call}, {(operation.Return == RevisionOperation.NotReturned ? "?" : operation.Return)}]";

    private static long StateOf(in RevisionOperation operation) => operation.StateRevision != 0 ? operation.StateRevision : operation.Revision;

    // At one revision the write comes before those who saw it.
    private static int[] ByState(ReadOnlySpan<RevisionOperation> operations) =>
        Order(operations, static operation => (StateOf(operation) << 1) + (operation.Kind == RevisionOperationKind.Write ? 0 : 1));

    private static int[] Order(ReadOnlySpan<RevisionOperation> operations, Func<RevisionOperation, long> by)
    {
        long[] keys = new long[operations.Length];
        int[] order = new int[operations.Length];
        bool isSorted = true;
        for (int i = 0; i < order.Length; i++)
        {
            keys[i] = by(operations[i]);
            order[i] = i;
            isSorted &= i == 0 || keys[i - 1] <= keys[i];
        }

        if (!isSorted)
        {
            Array.Sort(keys, order);
        }

        return order;
    }
}
