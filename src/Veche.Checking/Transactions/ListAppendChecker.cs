using System.Diagnostics;
using Veche.Checking.Histories;
using Veche.Checking.Models;

namespace Veche.Checking.Transactions;

/// <summary>
/// Strict serializability of transactions that read and append to lists, in time linear in the history: a list tells all its earlier versions,
/// so what depends on what is known, and a history is broken when a transaction depends on itself.
/// </summary>
internal static class ListAppendChecker
{
    public static HistoryVerdict Check(History history, CheckLimits limits)
    {
        long started = Stopwatch.GetTimestamp();
        var log = new AnomalyLog();
        var lists = new ListHistory(history, log);
        DependencyGraph graph = GraphBuilder.Build(lists);
        bool isInTime = Stopwatch.GetElapsedTime(started) <= limits.Time;
        if (isInTime)
        {
            var search = new CycleSearch(graph);
            foreach (List<(int From, int Edge)> cycle in search.Find())
            {
                Tell(lists, graph, search.NameOf(cycle), cycle, log);
            }
        }

        if (log.Violations.Count > 0)
        {
            return new HistoryVerdict(Verdict.Invalid, $"not strictly serializable: {log.Summary}", [.. log.Violations.Select(static violation => violation.ToString()), .. log.Details], log.Violations);
        }

        if (!isInTime)
        {
            return new HistoryVerdict(Verdict.Unknown, "time ran out", [], []);
        }

        return lists.Keys.Find(static key => key.HasElementsAppendedTwice) is { } twice
            ? new HistoryVerdict(Verdict.Unknown, $"an element was appended to key {lists.Show(twice.Symbol)} by two calls, so its versions cannot be told apart", [], [])
            : new HistoryVerdict(Verdict.Valid, $"strictly serializable: {lists.Transactions.Length} transactions on {lists.Keys.Count} {(lists.Keys.Count == 1 ? "key" : "keys")}", [], []);
    }

    private static void Tell(ListHistory lists, DependencyGraph graph, string name, List<(int From, int Edge)> cycle, AnomalyLog log)
    {
        List<string> steps = [];
        int next = 0;
        foreach ((int from, int edge) in cycle)
        {
            if (from < graph.TransactionCount)
            {
                steps.Add($"  {lists.Describe(from)} must come before the next: {Why(lists, graph, edge)}");
                next = from;
            }
        }

        // A cycle that begins between transactions begins, for a person, with the first of them.
        log.Add(name, () => $"a cycle of {steps.Count} transactions, from that of line {lists.Transactions[next].Operation.CallLine} back to itself");
        log.Details.Add($"{name}:");
        log.Details.AddRange(steps);
        log.Details.Add("  and the next of the last is the first");
    }

    private static string Why(ListHistory lists, DependencyGraph graph, int edge) => graph.KindOf(edge) switch
    {
        Dependency.WriteWrite => $"the next appended to key {lists.Show(graph.KeyOf(edge))} after it (ww)",
        Dependency.WriteRead => $"the next read what it appended to key {lists.Show(graph.KeyOf(edge))} (wr)",
        Dependency.ReadWrite => $"it did not see what the next appended to key {lists.Show(graph.KeyOf(edge))} (rw)",
        Dependency.Process => "the same process called the next after it (process)",
        _ => "it had returned when the next was called (realtime)",
    };
}
