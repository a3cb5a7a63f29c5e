using Veche.Checking.Histories;

namespace Veche.Checking.Transactions;

/// <summary>Transactions for people.</summary>
internal static class ListText
{
    private const int MaxElements = 24;

    public static string List(Symbols symbols, int[] elements)
    {
        IEnumerable<string> shown = elements.Skip(Math.Max(0, elements.Length - MaxElements)).Select(symbols.Show);
        return $"[{(elements.Length > MaxElements ? $"({elements.Length - MaxElements} more) " : string.Empty)}{string.Join(' ', shown)}]";
    }

    public static string Describe(Symbols symbols, ListTransaction transaction)
    {
        IEnumerable<string> parts = transaction.Parts.Select(part => part.IsAppend
            ? $"append {symbols.Show(part.Key)} {symbols.Show(part.Value)}"
            : part.Elements is null ? $"read {symbols.Show(part.Key)}" : $"read {symbols.Show(part.Key)} {List(symbols, part.Elements)}");
        Operation operation = transaction.Operation;
        return $"the transaction of line {operation.CallLine} (process {symbols.Show(operation.Process)}: {string.Join(", ", parts)})";
    }
}
