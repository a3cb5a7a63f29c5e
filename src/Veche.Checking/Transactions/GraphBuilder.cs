using Veche.Checking.Histories;

namespace Veche.Checking.Transactions;

/// <summary>What must come before what, from versions that were read, from processes and from time (Adya 1999; Kingsbury and Alvaro 2020).</summary>
internal static class GraphBuilder
{
    // Up to about this many pairs of readers and appenders an edge for each is cheaper than nodes in between.
    private const int DirectPairs = 64;

    public static DependencyGraph Build(ListHistory history)
    {
        var graph = new DependencyGraph(history.Transactions.Length);
        foreach (ListKey key in history.Keys)
        {
            AddVersions(graph, key);
        }

        foreach (ListKey key in history.Keys)
        {
            AddReads(graph, key);
            AddUnread(graph, history, key);
        }

        AddProcesses(graph, history);
        AddRealtime(graph, history);
        graph.Freeze();
        return graph;
    }

    private static void AddVersions(DependencyGraph graph, ListKey key)
    {
        int last = -1;
        foreach (int writer in key.Writers)
        {
            if (writer >= 0)
            {
                if (last >= 0)
                {
                    graph.Add(last, writer, Dependency.WriteWrite, key.Symbol);
                }

                last = writer;
            }
        }
    }

    private static void AddReads(DependencyGraph graph, ListKey key)
    {
        foreach (ListRead read in key.Reads)
        {
            if (!key.IsPrefix(read.Elements))
            {
                continue;
            }

            if (read.Length > 0 && key.Writers[read.Length - 1] is >= 0 and int writer)
            {
                graph.Add(writer, read.Transaction, Dependency.WriteRead, key.Symbol);
            }

            if (FirstKnown(key, read.Length) is >= 0 and int next)
            {
                graph.Add(read.Transaction, next, Dependency.ReadWrite, key.Symbol);
            }
        }
    }

    private static int FirstKnown(ListKey key, int from)
    {
        while (from < key.Writers.Length && key.Writers[from] < 0)
        {
            from++;
        }

        return from < key.Writers.Length ? key.Writers[from] : -1;
    }

    /// <summary>What was appended and is in no list comes after everything that is: after the last version, and after whoever read no further.</summary>
    private static void AddUnread(DependencyGraph graph, ListHistory history, ListKey key)
    {
        HashSet<int> ordered = [.. key.Order];
        List<int> unread = [.. key.Appends
            .Where(append => history.Transactions[append.Transaction].IsCommitted && !ordered.Contains(append.Value) && !key.IsAppendedTwice(append.Value))
            .Select(static append => append.Transaction)
            .Distinct()];
        if (unread.Count == 0)
        {
            return;
        }

        List<(int From, Dependency Kind)> before = [];
        foreach (int writer in key.Writers.Where(static writer => writer >= 0).TakeLast(1))
        {
            before.Add((writer, Dependency.WriteWrite));
        }

        before.AddRange(key.Reads
            .Where(read => key.IsPrefix(read.Elements) && FirstKnown(key, read.Length) < 0)
            .Select(static read => (read.Transaction, Dependency.ReadWrite)));
        if ((long)before.Count * unread.Count <= DirectPairs + (2L * (before.Count + unread.Count)))
        {
            foreach ((int from, Dependency kind) in before)
            {
                foreach (int to in unread)
                {
                    graph.Add(from, to, kind, key.Symbol);
                }
            }
        }
        else
        {
            AddThroughNodes(graph, key, before, unread);
        }
    }

    // From each node of one chain all appenders up to its own can be reached, from the other all from its own on; so whoever reads and appends
    // can point at all appenders but itself, and the edges are as many as the transactions.
    private static void AddThroughNodes(DependencyGraph graph, ListKey key, List<(int From, Dependency Kind)> before, List<int> unread)
    {
        int[] upTo = new int[unread.Count];
        int[] onFrom = new int[unread.Count];
        Dictionary<int, int> places = [];
        for (int i = 0; i < unread.Count; i++)
        {
            upTo[i] = graph.AddNode();
            onFrom[i] = graph.AddNode();
            places.Add(unread[i], i);
            graph.Add(upTo[i], unread[i], Dependency.Link);
            graph.Add(onFrom[i], unread[i], Dependency.Link);
            if (i > 0)
            {
                graph.Add(upTo[i], upTo[i - 1], Dependency.Link);
                graph.Add(onFrom[i - 1], onFrom[i], Dependency.Link);
            }
        }

        foreach ((int from, Dependency kind) in before)
        {
            int own = places.GetValueOrDefault(from, -1);
            if (own > 0)
            {
                graph.Add(from, upTo[own - 1], kind, key.Symbol);
            }

            if (own + 1 < unread.Count)
            {
                graph.Add(from, onFrom[own + 1], kind, key.Symbol);
            }
        }
    }

    private static void AddProcesses(DependencyGraph graph, ListHistory history)
    {
        Dictionary<int, int> latest = [];
        foreach (int transaction in Enumerable.Range(0, history.Transactions.Length).OrderBy(i => history.Transactions[i].Operation.CallLine))
        {
            Operation operation = history.Transactions[transaction].Operation;
            if (!history.Transactions[transaction].IsCommitted)
            {
                continue;
            }

            if (latest.TryGetValue(operation.Process, out int before))
            {
                graph.Add(before, transaction, Dependency.Process);
            }

            // One whose end nobody saw may take effect after the next call of its process.
            if (operation.Outcome == Outcome.Ok)
            {
                latest[operation.Process] = transaction;
            }
        }
    }

    /// <summary>Only from those that returned last: when one of them had itself seen another return, the other's edge says nothing more.</summary>
    private static void AddRealtime(DependencyGraph graph, ListHistory history)
    {
        List<(long Place, bool IsReturn, int Transaction)> events = [];
        for (int i = 0; i < history.Transactions.Length; i++)
        {
            if (history.Transactions[i].IsCommitted)
            {
                Operation operation = history.Transactions[i].Operation;
                events.Add((operation.Call, false, i));
                if (operation.Return != Operation.NotReturned)
                {
                    events.Add((operation.Return, true, i));
                }
            }
        }

        events.Sort();
        List<int> frontier = [];
        Dictionary<int, int[]> seenAtCall = [];
        foreach ((_, bool isReturn, int transaction) in events)
        {
            if (isReturn)
            {
                seenAtCall.Remove(transaction, out int[]? seen);
                frontier.RemoveAll(before => Array.IndexOf(seen!, before) >= 0);
                frontier.Add(transaction);
                continue;
            }

            foreach (int before in frontier)
            {
                graph.Add(before, transaction, Dependency.Realtime);
            }

            if (history.Transactions[transaction].Operation.Return != Operation.NotReturned)
            {
                seenAtCall.Add(transaction, [.. frontier]);
            }
        }
    }
}
