using Veche.Checking.Histories;

namespace Veche.Checking.Tests.Transactions;

/// <summary>Strict serializability by trying every order.</summary>
internal static class SerialOrders
{
    public static bool Exist(History history) => CanGoOn([.. history.Operations.Where(static operation => operation.Outcome != Outcome.Fail)], []);

    private static bool CanGoOn(List<Operation> left, Dictionary<int, List<int>> state)
    {
        if (left.TrueForAll(static operation => operation.Outcome == Outcome.Info))
        {
            return true;
        }

        long firstReturn = left.Min(static operation => operation.Return);
        foreach (Operation operation in left)
        {
            if (operation.Call <= firstReturn && Run(operation, state) is { } next && CanGoOn([.. left.Where(other => other != operation)], next))
            {
                return true;
            }
        }

        return false;
    }

    private static Dictionary<int, List<int>>? Run(Operation operation, Dictionary<int, List<int>> state)
    {
        Dictionary<int, List<int>> next = new(state);
        foreach (MicroOperation part in operation.Parts)
        {
            List<int> list = next.GetValueOrDefault(part.Key, []);
            if (part.IsAppend)
            {
                next[part.Key] = [.. list, part.Value];
            }
            else if (part.Elements is { } elements && !elements.SequenceEqual(list))
            {
                return null;
            }
        }

        return next;
    }
}
