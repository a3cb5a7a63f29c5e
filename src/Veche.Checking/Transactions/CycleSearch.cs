namespace Veche.Checking.Transactions;

/// <summary>Finds a short cycle of the kind that says most, and names it.</summary>
internal sealed class CycleSearch(DependencyGraph graph)
{
    // Looking for the shortest is worth this many edges; after that any cycle will do.
    private const long MaxEdges = 20_000_000;
    private const int MaxCycles = 3;
    private readonly int[] _cameBy = new int[graph.NodeCount];
    private readonly int[] _cameFrom = new int[graph.NodeCount];
    private readonly int[] _visit = new int[graph.NodeCount];
    private int _visits;
    private long _edges;

    /// <summary>Cycles as edges, each with the node it leaves; none when there is no cycle.</summary>
    public List<List<(int From, int Edge)>> Find()
    {
        const Dependency Everything = Dependency.WriteWrite | Dependency.WriteRead | Dependency.ReadWrite | Dependency.Process | Dependency.Realtime | Dependency.Link;
        List<List<int>> all = Components.Find(graph, Everything, null);
        if (all.Count == 0)
        {
            return [];
        }

        int[] group = GroupsOf(all);
        foreach (Dependency order in (ReadOnlySpan<Dependency>)[Dependency.Link, Dependency.Link | Dependency.Process, Dependency.Link | Dependency.Process | Dependency.Realtime])
        {
            foreach (Dependency values in (ReadOnlySpan<Dependency>)[Dependency.WriteWrite, Dependency.WriteWrite | Dependency.WriteRead, Dependency.WriteWrite | Dependency.WriteRead | Dependency.ReadWrite])
            {
                List<List<int>> components = Components.Find(graph, order | values, group);
                if (components.Count > 0)
                {
                    int[] inner = GroupsOf(components);
                    return [.. components.Take(MaxCycles).Select(component => Shortest(component, inner, order | values))];
                }
            }
        }

        return [];
    }

    /// <summary>The name of a cycle in the literature.</summary>
    public string NameOf(List<(int From, int Edge)> cycle)
    {
        // An edge to a node in between, and those that lead on from it, are one dependency.
        List<Dependency> kinds = [.. cycle.Select(step => graph.KindOf(step.Edge)).Where(static kind => kind != Dependency.Link)];
        int reads = kinds.Count(static kind => kind == Dependency.ReadWrite);
        bool areAdjacent = kinds.Where((kind, i) => kind == Dependency.ReadWrite && kinds[(i + 1) % kinds.Count] == Dependency.ReadWrite).Any();
        string name = reads switch
        {
            0 => kinds.Contains(Dependency.WriteRead) ? "G1c" : "G0",
            1 => "G-single",
            _ => areAdjacent ? "G2-item" : "G-nonadjacent",
        };
        return name + (kinds.Contains(Dependency.Realtime) ? "-realtime" : kinds.Contains(Dependency.Process) ? "-process" : string.Empty);
    }

    private int[] GroupsOf(List<List<int>> components)
    {
        int[] group = new int[graph.NodeCount];
        for (int i = 0; i < components.Count; i++)
        {
            foreach (int node in components[i])
            {
                group[node] = i + 1;
            }
        }

        return group;
    }

    private List<(int From, int Edge)> Shortest(List<int> component, int[] group, Dependency kinds)
    {
        List<(int From, int Edge)>? best = null;
        if ((kinds & Dependency.ReadWrite) != 0)
        {
            best = WithOneReadWrite(component, group, kinds & ~Dependency.ReadWrite);
        }

        if (best is not null)
        {
            return best;
        }

        _edges = 0;
        foreach (int node in component)
        {
            if (best is not null && (_edges > MaxEdges || best.Count == 2))
            {
                break;
            }

            if (Path(node, node, group, kinds) is { } cycle && (best is null || cycle.Count < best.Count))
            {
                best = cycle;
            }
        }

        return best!;
    }

    private List<(int From, int Edge)>? WithOneReadWrite(List<int> component, int[] group, Dependency others)
    {
        List<(int From, int Edge)>? best = null;
        _edges = 0;
        foreach (int node in component)
        {
            for (int edge = graph.FirstEdge(node); edge < graph.EndOfEdges(node) && _edges <= MaxEdges; edge++)
            {
                if (graph.KindOf(edge) == Dependency.ReadWrite && group[graph.To(edge)] == group[node]
                    && Path(graph.To(edge), node, group, others) is { } back && (best is null || back.Count + 1 < best.Count))
                {
                    best = [(node, edge), .. back];
                }
            }
        }

        return best;
    }

    private List<(int From, int Edge)>? Path(int from, int to, int[] group, Dependency kinds)
    {
        _visits++;
        var queue = new Queue<int>();
        queue.Enqueue(from);
        while (queue.TryDequeue(out int node))
        {
            for (int edge = graph.FirstEdge(node); edge < graph.EndOfEdges(node); edge++)
            {
                _edges++;
                int next = graph.To(edge);
                if ((graph.KindOf(edge) & kinds) == 0 || group[next] != group[from] || _visit[next] == _visits)
                {
                    continue;
                }

                _visit[next] = _visits;
                _cameBy[next] = edge;
                _cameFrom[next] = node;
                if (next == to)
                {
                    return Back(from, to);
                }

                queue.Enqueue(next);
            }
        }

        return null;
    }

    private List<(int From, int Edge)> Back(int from, int to)
    {
        List<(int From, int Edge)> path = [];
        int node = to;
        do
        {
            path.Add((_cameFrom[node], _cameBy[node]));
            node = _cameFrom[node];
        }
        while (node != from);
        path.Reverse();
        return path;
    }
}
