using Veche.Checking.Histories;
using Veche.Checking.Linearizability;

namespace Veche.Checking.Models;

/// <summary>Turns a failed search into something a person can follow.</summary>
internal static class CounterExample
{
    public static HistoryVerdict Of(Symbols symbols, KeyModel model, IReadOnlyList<Operation> operations, LinearizabilityResult result)
    {
        string key = operations[0].Key == Symbols.Null ? "the register" : $"key {symbols.Show(operations[0].Key)}";
        (List<Operation> shrunk, LinearizabilityResult shown) = new Shrinker(model).Shrink(operations, result);
        List<string> lines = [$"{shrunk.Count} of the {operations.Count} operations on {key} are enough to show it:"];
        lines.AddRange(shrunk.Select(operation => "  " + Describe(symbols, operation)));
        lines.Add("The longest order that explains what was seen:");
        lines.AddRange(shown.Order.Count == 0 ? ["  (none at all)"] : shown.Order.Select((index, i) => $"  {i + 1}. {What(symbols, shrunk[index])}"));
        Operation blocked = shrunk[shown.Blocked];
        lines.Add($"No order has a place for this one before it returns: process {symbols.Show(blocked.Process)}, {What(symbols, blocked)}.");
        string summary = $"not linearizable: {key}, {What(symbols, blocked)} of process {symbols.Show(blocked.Process)} (lines {blocked.CallLine} to {blocked.ReturnLine}) fits nowhere";
        return new HistoryVerdict(Verdict.Invalid, summary, lines, [new Violation("linearizability", summary)]);
    }

    private static string Describe(Symbols symbols, Operation operation)
    {
        string end = operation.Outcome == Outcome.Ok ? $"to {operation.ReturnLine}" : "on, outcome not known";
        string during = operation.Outcome == Outcome.Ok && operation.Return == Operation.NotReturned ? ", still under way at the end of this part" : string.Empty;
        return $"lines {operation.CallLine} {end}: process {symbols.Show(operation.Process)}, {What(symbols, operation)}{during}";
    }

    private static string What(Symbols symbols, Operation operation) => operation.Kind switch
    {
        OperationKind.Read => $"read {symbols.Show(operation.Value)}",
        OperationKind.Write => $"write {symbols.Show(operation.Value)}",
        OperationKind.Append => $"append {symbols.Show(operation.Value)}",
        _ => $"cas {symbols.Show(operation.Expected)} to {symbols.Show(operation.Value)}",
    };
}
