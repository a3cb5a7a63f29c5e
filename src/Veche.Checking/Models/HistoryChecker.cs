using System.Diagnostics;
using Veche.Checking.Histories;
using Veche.Checking.Linearizability;
using Veche.Checking.Transactions;

namespace Veche.Checking.Models;

/// <summary>Judges a recorded history by a model.</summary>
public static class HistoryChecker
{
    // Most keys are decided at once; one that is hard must not keep a short proof on another from being found.
    private const long StepsOfFirstPass = 200_000;

    /// <summary>Judges a history. The keys of the first three models are independent and are checked one after another.</summary>
    /// <param name="history">What was recorded.</param>
    /// <param name="model">Of what.</param>
    /// <param name="limits">When to give up; null for <see cref="CheckLimits.Default"/>.</param>
    /// <param name="initial">The symbol of the value that every key has at the start. Default: absent. Not for <see cref="HistoryModel.ListAppend"/>.</param>
    /// <exception cref="HistoryFormatException">The history has an operation that the model does not know.</exception>
    public static HistoryVerdict Check(History history, HistoryModel model, CheckLimits? limits = null, int initial = Symbols.Null)
    {
        limits ??= CheckLimits.Default;
        if (model == HistoryModel.ListAppend)
        {
            return ListAppendChecker.Check(history, limits);
        }

        KeyModel keyModel = model == HistoryModel.KeyValue ? new TextModel(history.Symbols, initial) : new RegisterModel(initial);
        List<List<Operation>> keys = Partition(history, model);
        return CheckKeys(history.Symbols, keys.ConvertAll(operations => WithoutIdle(operations, keyModel)), keyModel, limits);
    }

    private static HistoryVerdict CheckKeys(Symbols symbols, List<List<Operation>> keys, KeyModel model, CheckLimits limits)
    {
        long started = Stopwatch.GetTimestamp();
        List<List<Operation>> hard = [];
        foreach (List<Operation> operations in keys)
        {
            LinearizabilityResult result = model.Check(operations, Left(limits, started) with { Steps = Math.Min(StepsOfFirstPass, limits.Steps) });
            if (result.Verdict == Verdict.Invalid)
            {
                return CounterExample.Of(symbols, model, operations, result);
            }

            if (result.Verdict == Verdict.Unknown)
            {
                hard.Add(operations);
            }
        }

        List<string> unknown = [];
        foreach (List<Operation> operations in hard)
        {
            LinearizabilityResult result = model.Check(operations, Left(limits, started));
            if (result.Verdict == Verdict.Invalid)
            {
                return CounterExample.Of(symbols, model, operations, result);
            }

            if (result.Verdict == Verdict.Unknown)
            {
                unknown.Add($"{result.Reason} on key {symbols.Show(operations[0].Key)}");
            }
        }

        return unknown.Count > 0
            ? new HistoryVerdict(Verdict.Unknown, unknown[0] + (unknown.Count > 1 ? $" and {unknown.Count - 1} more" : string.Empty), [], [])
            : new HistoryVerdict(Verdict.Valid, $"linearizable: {keys.Sum(static key => key.Count)} operations on {keys.Count} {(keys.Count == 1 ? "key" : "keys")}", [], []);
    }

    // What may never have happened, and nobody saw, only makes the search longer.
    private static List<Operation> WithoutIdle(List<Operation> operations, KeyModel model)
    {
        if (!operations.Exists(static operation => operation.Return == Operation.NotReturned))
        {
            return operations;
        }

        bool[] unobserved = model.FindUnobserved(operations);
        return [.. operations.Where((operation, i) => operation.Return != Operation.NotReturned || !unobserved[i])];
    }

    private static CheckLimits Left(CheckLimits limits, long started) => limits with { Time = limits.Time - Stopwatch.GetElapsedTime(started) };

    private static List<List<Operation>> Partition(History history, HistoryModel model)
    {
        List<List<Operation>> keys = [];
        Dictionary<int, List<Operation>> byKey = [];
        foreach (Operation operation in history.Operations)
        {
            Refuse(operation, model);

            // A failure did not happen, and a read without a result says nothing.
            if (operation.Outcome == Outcome.Fail || (operation.Outcome == Outcome.Info && operation.Kind == OperationKind.Read))
            {
                continue;
            }

            if (!byKey.TryGetValue(operation.Key, out List<Operation>? ofKey))
            {
                byKey.Add(operation.Key, ofKey = []);
                keys.Add(ofKey);
            }

            ofKey.Add(operation);
        }

        return keys;
    }

    private static void Refuse(Operation operation, HistoryModel model)
    {
        bool isKnown = operation.Kind switch
        {
            OperationKind.Read or OperationKind.Write => true,
            OperationKind.CompareAndSet => model == HistoryModel.CasRegister,
            OperationKind.Append => model == HistoryModel.KeyValue,
            _ => false,
        };
        if (!isKnown)
        {
            throw new HistoryFormatException(operation.CallLine, $"has an \"f\" that is no operation of this model ({operation.Kind})");
        }

        if (operation.Kind == OperationKind.Read && operation.Parts.Count > 0)
        {
            throw new HistoryFormatException(operation.ReturnLine, "reads a list, which is no value of this model");
        }
    }
}
