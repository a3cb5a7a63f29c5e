namespace Veche.Store.Engine;

/// <summary>Keeps everything in memory, in a <see cref="KeyTree"/>: a view is the tree of its moment.</summary>
internal sealed class MemoryEngine : IKeyValueEngine
{
    private readonly MemoryBatch _batch = new();
    private readonly System.Threading.Lock _lock = new();
    private readonly KeyTree _tree;
    private View? _view;
    private View? _writerView;

    /// <summary>Begins empty.</summary>
    public MemoryEngine()
        : this(new KeyTree())
    {
    }

    private MemoryEngine(KeyTree tree) => _tree = tree;

    public bool IsDurable => false;

    public long SizeBytes
    {
        get
        {
            lock (_lock)
            {
                return _tree.Bytes;
            }
        }
    }

    public EngineBatch Batch => _batch;

    public Action<string>? Damaged { get; set; }

    /// <summary>An engine that begins with what a view shows.</summary>
    /// <param name="view">One of a <see cref="MemoryEngine"/>.</param>
    public static MemoryEngine From(IEngineView view) => new(((View)view).Tree.Copy());

    public void Commit()
    {
        lock (_lock)
        {
            _view = null;
            foreach ((byte[] key, byte[]? value) in _batch.Items)
            {
                if (value is null)
                {
                    _tree.Remove(key);
                }
                else
                {
                    _tree.Set(key, value);
                }
            }
        }

        _batch.Items.Clear();
    }

    public IEngineView OpenView()
    {
        // Everybody who reads between two commits shares one view.
        lock (_lock)
        {
            return _view ??= new View(_tree.Copy());
        }
    }

    // The tree itself: a copy would make the next commit copy every node that it changes.
    public IEngineView OpenWriterView() => _writerView ??= new View(_tree);

    public void Defragment()
    {
        // What is no longer used is the collector's.
    }

    public void Flush()
    {
        // There is nothing it could survive in.
    }

    public void Dispose()
    {
        // Memory goes by itself.
    }

    private sealed class MemoryBatch : EngineBatch
    {
        public List<(byte[] Key, byte[]? Value)> Items { get; } = [];

        // A version is put twice in a row, as the current one and into the history: both share its bytes, which nobody changes.
        protected override void DoPut(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
            Items.Add((key.ToArray(), Items is [.., { Value: { } last }] && value.SequenceEqual(last) ? last : value.ToArray()));

        protected override void DoDelete(ReadOnlySpan<byte> key) => Items.Add((key.ToArray(), null));
    }

    private sealed class View(KeyTree tree) : IEngineView
    {
        public KeyTree Tree => tree;

        public byte[]? Get(ReadOnlySpan<byte> key) => tree.Get(key);

        public IEngineIterator OpenIterator() => new Iterator(tree);

        public IEngineView ForLongWalk() => this;

        public void Dispose()
        {
            // The tree goes with its last reader.
        }
    }

    private sealed class Iterator(KeyTree tree) : IEngineIterator
    {
        private KeyTree.Cursor _cursor = new(tree);

        public bool IsValid => _cursor.IsValid;

        public ReadOnlySpan<byte> Key => _cursor.Key;

        public ReadOnlySpan<byte> Value => _cursor.Value;

        public void Seek(ReadOnlySpan<byte> key) => _cursor.Seek(key);

        public void SeekForPrevious(ReadOnlySpan<byte> key) => _cursor.SeekForPrevious(key);

        public void Next() => _cursor.Next();

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
