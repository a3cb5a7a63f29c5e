using Veche.Checking.Histories;
using Veche.Checking.Linearizability;

namespace Veche.Checking.Models;

/// <summary>A register with compare-and-set. Its states are symbols.</summary>
internal sealed class RegisterModel(int initial) : KeyModel
{
    public override LinearizabilityResult Check(IReadOnlyList<Operation> operations, CheckLimits limits) =>
        LinearizabilityChecker.Check(new Steps(initial, [.. operations], Makers(operations)), IntervalsOf(operations), limits);

    public override bool[] FindUnobserved(IReadOnlyList<Operation> operations)
    {
        HashSet<int> observed = [];
        foreach (Operation operation in operations)
        {
            if (operation.Kind == OperationKind.Read)
            {
                observed.Add(operation.Value);
            }
            else if (operation.Kind == OperationKind.CompareAndSet)
            {
                observed.Add(operation.Expected);
            }
        }

        return [.. operations.Select(operation => operation.Kind != OperationKind.Read && !observed.Contains(operation.Value))];
    }

    private static Dictionary<int, int[]> Makers(IReadOnlyList<Operation> operations) => Enumerable.Range(0, operations.Count)
        .Where(index => operations[index].Kind != OperationKind.Read)
        .GroupBy(index => operations[index].Value)
        .ToDictionary(static group => group.Key, static group => group.ToArray());

    private readonly struct Steps(int initial, Operation[] operations, Dictionary<int, int[]> makers) : IOperationModel
    {
        public int Initial => initial;

        public long BytesHeld => 0;

        public int Step(int state, int operation)
        {
            Operation step = operations[operation];
            return step.Kind switch
            {
                OperationKind.Write => step.Value,
                OperationKind.CompareAndSet => step.Expected == state ? step.Value : -1,
                _ => step.Value == state ? state : -1,
            };
        }

        public bool IsReadOnly(int operation) =>
            operations[operation].Kind == OperationKind.Read
            || (operations[operation].Kind == OperationKind.CompareAndSet && operations[operation].Expected == operations[operation].Value);

        // A compare-and-set to the value that is there already reads what it expects, as a read does.
        public bool IsWithinReach(int state, int read) => operations[read].Value == state;

        public ReadOnlySpan<int> MakersOf(int read) => makers.GetValueOrDefault(operations[read].Value);

        public long EffectOf(int operation) =>
            operations[operation].Kind == OperationKind.Write
                ? (-1L << 32) | (uint)operations[operation].Value
                : ((long)operations[operation].Expected << 32) | (uint)operations[operation].Value;
    }
}
