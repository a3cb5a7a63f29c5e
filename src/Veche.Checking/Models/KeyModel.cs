using Veche.Checking.Histories;
using Veche.Checking.Linearizability;

namespace Veche.Checking.Models;

/// <summary>What an object under one key is: how its operations are checked, and which of them may be left out of a proof.</summary>
internal abstract class KeyModel
{
    /// <summary>Searches for an order of these operations, which are all on one key.</summary>
    public abstract LinearizabilityResult Check(IReadOnlyList<Operation> operations, CheckLimits limits);

    /// <summary>
    /// Those of the operations whose effect no read among them can have seen. Leaving out any of them changes no verdict from valid to invalid:
    /// in an order that explains the history, nothing between such an operation and the next one that sets the key looks at the value.
    /// </summary>
    public abstract bool[] FindUnobserved(IReadOnlyList<Operation> operations);

    protected static Interval[] IntervalsOf(IReadOnlyList<Operation> operations)
    {
        var intervals = new Interval[operations.Count];
        for (int i = 0; i < intervals.Length; i++)
        {
            intervals[i] = new Interval(operations[i].Call, operations[i].Return);
        }

        return intervals;
    }
}
