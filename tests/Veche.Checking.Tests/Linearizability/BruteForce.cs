using Veche.Checking.Histories;

namespace Veche.Checking.Tests.Linearizability;

/// <summary>Linearizability by trying every order, with no memory and no cleverness.</summary>
internal static class BruteForce
{
    public static bool IsLinearizable(Symbols symbols, IReadOnlyList<Operation> operations, bool isText) =>
        CanGoOn(symbols, [.. operations.Where(static operation => operation.Outcome == Outcome.Ok || (operation.Outcome == Outcome.Info && operation.Kind != OperationKind.Read))], isText, null);

    private static bool CanGoOn(Symbols symbols, List<Operation> left, bool isText, string? state)
    {
        if (left.TrueForAll(static operation => operation.Return == Operation.NotReturned))
        {
            return true;
        }

        long firstReturn = left.Min(static operation => operation.Return);
        foreach (Operation operation in left)
        {
            string value = isText ? symbols.TextOf(operation.Value) : symbols.Show(operation.Value);
            string current = state ?? (isText ? string.Empty : "null");
            if (operation.Call > firstReturn
                || (operation.Kind == OperationKind.Read && value != current)
                || (operation.Kind == OperationKind.CompareAndSet && symbols.Show(operation.Expected) != current))
            {
                continue;
            }

            string next = operation.Kind == OperationKind.Read ? current : operation.Kind == OperationKind.Append ? current + value : value;
            if (CanGoOn(symbols, [.. left.Where(other => other != operation)], isText, next))
            {
                return true;
            }
        }

        return false;
    }
}
