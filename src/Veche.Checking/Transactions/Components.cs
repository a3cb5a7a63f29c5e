namespace Veche.Checking.Transactions;

/// <summary>Strongly connected components (Tarjan 1972), without recursion: a history may be one single component.</summary>
internal static class Components
{
    /// <summary>Components of more than one node, over the edges of some kinds, among the nodes of one group.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="kinds">Which edges count.</param>
    /// <param name="group">By node, a group that edges must not leave; null when all nodes are one. 0 is no group.</param>
    public static List<List<int>> Find(DependencyGraph graph, Dependency kinds, int[]? group)
    {
        List<List<int>> found = [];
        int[] index = new int[graph.NodeCount];
        int[] low = new int[graph.NodeCount];
        int[] edge = new int[graph.NodeCount];
        bool[] isOnStack = new bool[graph.NodeCount];
        var path = new Stack<int>();
        var stack = new Stack<int>();
        int count = 0;
        for (int root = 0; root < graph.NodeCount; root++)
        {
            if (index[root] != 0 || group?[root] == 0)
            {
                continue;
            }

            Enter(root);
            while (path.TryPeek(out int node))
            {
                if (edge[node] < graph.EndOfEdges(node))
                {
                    int to = graph.To(edge[node]);
                    bool counts = (graph.KindOf(edge[node]) & kinds) != 0 && (group is null || group[to] == group[node]);
                    edge[node]++;
                    if (!counts)
                    {
                        continue;
                    }

                    if (index[to] == 0)
                    {
                        Enter(to);
                    }
                    else if (isOnStack[to])
                    {
                        low[node] = Math.Min(low[node], index[to]);
                    }

                    continue;
                }

                path.Pop();
                if (path.TryPeek(out int parent))
                {
                    low[parent] = Math.Min(low[parent], low[node]);
                }

                if (low[node] == index[node])
                {
                    Leave(node);
                }
            }
        }

        return found;

        void Enter(int node)
        {
            index[node] = low[node] = ++count;
            edge[node] = graph.FirstEdge(node);
            isOnStack[node] = true;
            stack.Push(node);
            path.Push(node);
        }

        void Leave(int node)
        {
            if (stack.Peek() == node)
            {
                isOnStack[stack.Pop()] = false;
                return;
            }

            List<int> component = [];
            int member;
            do
            {
                member = stack.Pop();
                isOnStack[member] = false;
                component.Add(member);
            }
            while (member != node);
            component.Sort();
            found.Add(component);
        }
    }
}
