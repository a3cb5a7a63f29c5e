namespace Veche.Store.Engine;

/// <summary>
/// A B+ tree of bytes to bytes whose copies cost nothing: a copy shares all nodes, and whichever of the two changes a shared node first makes its
/// own. Nodes that nobody shares are changed in place. Not safe for concurrent changes; a copy that is not changed may be read by anybody.
/// </summary>
internal sealed class KeyTree
{
    private const int Fanout = 32;

    private Node _root;

    /// <summary>Who may change a node in place: the tree whose mark it bears.</summary>
    private object _mark = new();

    public KeyTree() => _root = new Node(_mark, isLeaf: true);

    private KeyTree(Node root, long bytes)
    {
        _root = root;
        Bytes = bytes;
    }

    /// <summary>Bytes of all keys and values.</summary>
    public long Bytes { get; private set; }

    /// <summary>The same keys and values, to be changed or kept without regard to this one.</summary>
    public KeyTree Copy()
    {
        // From now on no node is this tree's alone.
        _mark = new object();
        return new KeyTree(_root, Bytes);
    }

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        Node node = _root;
        while (!node.IsLeaf)
        {
            node = node.Children![node.ChildFor(key)];
        }

        int place = node.Find(key);
        return place >= 0 ? node.Values![place] : null;
    }

    /// <summary>Sets a key. Both arrays belong to the tree from now on.</summary>
    public void Set(byte[] key, byte[] value)
    {
        _root = Own(_root);
        if (Set(_root, key, value) is { } sibling)
        {
            var root = new Node(_mark, isLeaf: false);
            root.Insert(0, _root.Keys[0], null, _root);
            root.Insert(1, sibling.Keys[0], null, sibling);
            _root = root;
        }
    }

    public void Remove(ReadOnlySpan<byte> key)
    {
        if (Get(key) is null)
        {
            return;
        }

        _root = Own(_root);
        Remove(_root, key);
        while (!_root.IsLeaf && _root.Count <= 1)
        {
            _root = _root.Count == 1 ? _root.Children![0] : new Node(_mark, isLeaf: true);
        }
    }

    private Node? Set(Node node, byte[] key, byte[] value)
    {
        if (node.IsLeaf)
        {
            int place = node.Find(key);
            if (place >= 0)
            {
                Bytes += value.Length - node.Values![place].Length;
                node.Values[place] = value;
                return null;
            }

            Bytes += key.Length + value.Length;
            return Insert(node, ~place, key, value, null);
        }

        int at = node.ChildFor(key);
        Node child = node.Children![at] = Own(node.Children[at]);
        Node? split = Set(child, key, value);
        node.Keys[at] = child.Keys[0];
        return split is null ? null : Insert(node, at + 1, split.Keys[0], null, split);
    }

    private Node? Insert(Node node, int place, byte[] key, byte[]? value, Node? child)
    {
        if (node.Count < Fanout)
        {
            node.Insert(place, key, value, child);
            return null;
        }

        // Keys that come in order, as revisions do, leave full nodes behind.
        Node sibling = node.Split(_mark, place == Fanout ? Fanout - 1 : Fanout / 2);
        if (place <= node.Count)
        {
            node.Insert(place, key, value, child);
        }
        else
        {
            sibling.Insert(place - node.Count, key, value, child);
        }

        return sibling;
    }

    private void Remove(Node node, ReadOnlySpan<byte> key)
    {
        if (node.IsLeaf)
        {
            int place = node.Find(key);
            Bytes -= node.Keys[place].Length + node.Values![place].Length;
            node.RemoveAt(place);
            return;
        }

        int at = node.ChildFor(key);
        Node child = node.Children![at] = Own(node.Children[at]);
        Remove(child, key);
        if (child.Count == 0)
        {
            node.RemoveAt(at);
        }
        else
        {
            node.Keys[at] = child.Keys[0];
        }
    }

    private Node Own(Node node) => ReferenceEquals(node.Mark, _mark) ? node : node.Clone(_mark);

    /// <summary>A place in a tree that is not changed meanwhile.</summary>
    internal struct Cursor(KeyTree tree)
    {
        private readonly KeyTree _tree = tree;
        private readonly List<(Node Node, int Place)> _path = [];
        private Node? _leaf;
        private int _place;

        public readonly bool IsValid => _leaf is not null;

        public readonly ReadOnlySpan<byte> Key => _leaf!.Keys[_place];

        public readonly ReadOnlySpan<byte> Value => _leaf!.Values![_place];

        public void Seek(ReadOnlySpan<byte> key)
        {
            int found = Descend(key);
            _place = found >= 0 ? found : ~found;
            if (_place >= _leaf!.Count)
            {
                Climb();
            }
        }

        public void SeekForPrevious(ReadOnlySpan<byte> key)
        {
            // A leaf is chosen by its first key, so what is not after the key is in the leaf itself, unless nothing is.
            int found = Descend(key);
            _place = found >= 0 ? found : ~found - 1;
            if (_place < 0)
            {
                _leaf = null;
            }
        }

        public void Next()
        {
            if (++_place >= _leaf!.Count)
            {
                Climb();
            }
        }

        private int Descend(ReadOnlySpan<byte> key)
        {
            _path.Clear();
            Node node = _tree._root;
            while (!node.IsLeaf)
            {
                int at = node.ChildFor(key);
                _path.Add((node, at));
                node = node.Children![at];
            }

            _leaf = node;
            return node.Find(key);
        }

        /// <summary>To the first key of the next leaf, if there is one.</summary>
        private void Climb()
        {
            _leaf = null;
            while (_path.Count > 0)
            {
                (Node node, int place) = _path[^1];
                _path.RemoveAt(_path.Count - 1);
                if (place + 1 >= node.Count)
                {
                    continue;
                }

                _path.Add((node, place + 1));
                node = node.Children![place + 1];
                while (!node.IsLeaf)
                {
                    _path.Add((node, 0));
                    node = node.Children![0];
                }

                _leaf = node;
                _place = 0;
                return;
            }
        }
    }

    /// <summary>A leaf has values, any other node children; each child with its first key.</summary>
    internal sealed class Node(object mark, bool isLeaf)
    {
        public object Mark => mark;

        public bool IsLeaf => Values is not null;

        public byte[][] Keys { get; } = new byte[Fanout][];

        public byte[][]? Values { get; } = isLeaf ? new byte[Fanout][] : null;

        public Node[]? Children { get; } = isLeaf ? null : new Node[Fanout];

        public int Count { get; private set; }

        /// <summary>The place of a key, or the complement of where it would be.</summary>
        public int Find(ReadOnlySpan<byte> key)
        {
            int low = 0;
            int high = Count - 1;
            while (low <= high)
            {
                int middle = (low + high) >>> 1;
                int order = Keys[middle].AsSpan().SequenceCompareTo(key);
                if (order == 0)
                {
                    return middle;
                }

                if (order < 0)
                {
                    low = middle + 1;
                }
                else
                {
                    high = middle - 1;
                }
            }

            return ~low;
        }

        public int ChildFor(ReadOnlySpan<byte> key)
        {
            int place = Find(key);
            return place >= 0 ? place : Math.Max(0, ~place - 1);
        }

        public void Insert(int place, byte[] key, byte[]? value, Node? child)
        {
            Open(Keys, place);
            Keys[place] = key;
            if (Values is not null)
            {
                Open(Values, place);
                Values[place] = value!;
            }
            else
            {
                Open(Children!, place);
                Children![place] = child!;
            }

            Count++;
        }

        public void RemoveAt(int place)
        {
            Count--;
            Close(Keys, place);
            if (Values is not null)
            {
                Close(Values, place);
            }
            else
            {
                Close(Children!, place);
            }
        }

        /// <summary>Moves what is from a place on into a new node.</summary>
        public Node Split(object owner, int from)
        {
            var sibling = new Node(owner, IsLeaf) { Count = Count - from };
            Move(Keys, sibling.Keys, from);
            if (Values is not null)
            {
                Move(Values, sibling.Values!, from);
            }
            else
            {
                Move(Children!, sibling.Children!, from);
            }

            Count = from;
            return sibling;
        }

        public Node Clone(object owner)
        {
            var clone = new Node(owner, IsLeaf) { Count = Count };
            Keys.AsSpan(0, Count).CopyTo(clone.Keys);
            if (Values is not null)
            {
                Values.AsSpan(0, Count).CopyTo(clone.Values);
            }
            else
            {
                Children.AsSpan(0, Count).CopyTo(clone.Children);
            }

            return clone;
        }

        private void Open<T>(T[] array, int place) => Array.Copy(array, place, array, place + 1, Count - place);

        private void Close<T>(T[] array, int place)
        {
            Array.Copy(array, place + 1, array, place, Count - place);
            array[Count] = default!;
        }

        private void Move<T>(T[] from, T[] to, int place)
        {
            Array.Copy(from, place, to, 0, Count - place);
            Array.Clear(from, place, Count - place);
        }
    }
}
