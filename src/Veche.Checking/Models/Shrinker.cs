using Veche.Checking.Histories;
using Veche.Checking.Linearizability;

namespace Veche.Checking.Models;

/// <summary>
/// Makes a history that is not linearizable smaller, in ways that cannot make a linearizable one look broken:
/// what was called after the place where no order went on is left out, and what returned after it may stay away;
/// a read is left out (an order of the whole is an order without it); an operation that changes the key is left out
/// only when nothing that remains can have seen what it wrote.
/// </summary>
internal sealed class Shrinker(KeyModel model)
{
    // In steps and not in time, so that the same history is always shrunk to the same example.
    private const int MaxSearches = 2_000;
    private const long StepsOfSearch = 10_000;
    private const long StepsInAll = 100_000;
    private long _steps;
    private int _searches;

    public (List<Operation> Operations, LinearizabilityResult Result) Shrink(IReadOnlyList<Operation> operations, LinearizabilityResult result)
    {
        List<Operation> kept = [.. operations];
        CutEnd(operations, operations[result.Blocked].Return, ref kept, ref result);
        DropUnobserved(ref kept, ref result);
        int size;
        do
        {
            size = kept.Count;
            DropReads(ref kept, ref result);
            DropUnobserved(ref kept, ref result);
        }
        while (kept.Count < size);

        // What is shown is how far an order really gets.
        LinearizabilityResult exact = model.Check(kept, new CheckLimits { Steps = StepsOfSearch, LooksAhead = false });
        return (kept, exact.Verdict == Verdict.Invalid ? exact : result);
    }

    /// <summary>What cannot be explained up to some return cannot be up to a later one; so the first such return is found by halving.</summary>
    private void CutEnd(IReadOnlyList<Operation> operations, long end, ref List<Operation> kept, ref LinearizabilityResult result)
    {
        long[] returns = [.. operations.Select(static operation => operation.Return).Where(returned => returned <= end).Order()];
        int low = 0;
        for (int high = returns.Length - 1; low <= high;)
        {
            int middle = (low + high) >>> 1;
            if (Try(UpTo(operations, returns[middle]), ref kept, ref result))
            {
                high = middle - 1;
            }
            else
            {
                low = middle + 1;
            }
        }
    }

    private static List<Operation> UpTo(IReadOnlyList<Operation> operations, long end) =>
        [.. operations
            .Where(operation => operation.Call < end && (operation.Return <= end || operation.Kind != OperationKind.Read))
            .Select(operation => operation.Return <= end ? operation : operation with { Return = Operation.NotReturned })];

    private void DropReads(ref List<Operation> kept, ref LinearizabilityResult result)
    {
        int reads = kept.Count(static operation => operation.Kind == OperationKind.Read);
        for (int chunk = Math.Max(1, reads / 2); chunk > 0; chunk /= 2)
        {
            for (int first = 0; first < reads;)
            {
                int from = first;
                int seen = 0;
                List<Operation> fewer = kept.FindAll(operation => operation.Kind != OperationKind.Read || seen++ is int place && (place < from || place >= from + chunk));
                if (Try(fewer, ref kept, ref result))
                {
                    reads = kept.Count(static operation => operation.Kind == OperationKind.Read);
                }
                else
                {
                    first += chunk;
                }
            }
        }
    }

    private bool DropUnobserved(ref List<Operation> kept, ref LinearizabilityResult result)
    {
        bool[] unobserved = model.FindUnobserved(kept);
        if (Array.IndexOf(unobserved, true) < 0 || Try([.. kept.Where((_, i) => !unobserved[i])], ref kept, ref result))
        {
            return true;
        }

        // Together they are needed to show it; some one of them may not be.
        for (int i = kept.Count - 1; i >= 0; i--)
        {
            if (unobserved[i])
            {
                int dropped = i;
                Try([.. kept.Where((_, at) => at != dropped)], ref kept, ref result);
            }
        }

        return true;
    }

    private bool Try(List<Operation> fewer, ref List<Operation> kept, ref LinearizabilityResult result)
    {
        if (fewer.Count == 0 || ++_searches > MaxSearches || _steps > StepsInAll)
        {
            return false;
        }

        LinearizabilityResult tried = model.Check(fewer, new CheckLimits { Steps = StepsOfSearch });
        _steps += tried.Steps + fewer.Count;
        if (tried.Verdict != Verdict.Invalid)
        {
            return false;
        }

        kept = fewer;
        result = tried;
        return true;
    }
}
