namespace Veche.Checking.Transactions;

/// <summary>Why one transaction must come before another. A bit each, so that a search can name the kinds it follows.</summary>
[Flags]
internal enum Dependency : byte
{
    None = 0,

    /// <summary>The next version is the other's.</summary>
    WriteWrite = 1,

    /// <summary>The other read this one's version.</summary>
    WriteRead = 2,

    /// <summary>The other made the version after the one this read.</summary>
    ReadWrite = 4,

    /// <summary>The same process called the other afterwards.</summary>
    Process = 8,

    /// <summary>The other was called after this one had returned.</summary>
    Realtime = 16,

    /// <summary>From a node that stands for several transactions; part of the dependency that led there.</summary>
    Link = 32,
}

/// <summary>Dependencies between numbered nodes, by the node they go out from.</summary>
internal sealed class DependencyGraph
{
    private readonly List<(int From, int To, Dependency Kind, int Key)> _added = [];
    private int[] _start = [];
    private int[] _to = [];
    private Dependency[] _kind = [];
    private int[] _key = [];

    public DependencyGraph(int transactions)
    {
        TransactionCount = transactions;
        NodeCount = transactions;
    }

    public int TransactionCount { get; }

    public int NodeCount { get; private set; }

    public int EdgeCount => _added.Count;

    public int AddNode() => NodeCount++;

    public void Add(int from, int to, Dependency kind, int key = 0)
    {
        if (from != to)
        {
            _added.Add((from, to, kind, key));
        }
    }

    /// <summary>Sorts the edges by the node they leave; those of a node stay in the order in which they were added.</summary>
    public void Freeze()
    {
        _start = new int[NodeCount + 1];
        foreach ((int from, _, _, _) in _added)
        {
            _start[from + 1]++;
        }

        for (int node = 0; node < NodeCount; node++)
        {
            _start[node + 1] += _start[node];
        }

        int[] next = _start.AsSpan(0, NodeCount).ToArray();
        _to = new int[_added.Count];
        _kind = new Dependency[_added.Count];
        _key = new int[_added.Count];
        foreach ((int from, int to, Dependency kind, int key) in _added)
        {
            int edge = next[from]++;
            _to[edge] = to;
            _kind[edge] = kind;
            _key[edge] = key;
        }
    }

    public int FirstEdge(int node) => _start[node];

    public int EndOfEdges(int node) => _start[node + 1];

    public int To(int edge) => _to[edge];

    public Dependency KindOf(int edge) => _kind[edge];

    public int KeyOf(int edge) => _key[edge];
}
