using Google.Protobuf;
using Veche.Store.Mvcc;

namespace Veche.Store.Watching;

/// <summary>
/// Watchers of ranges, in groups of those that watch the same one: a balanced tree (AVL) in the order of first keys, in which each node knows the largest end
/// below it, so that the groups of a key are found without looking at the others.
/// </summary>
internal sealed class RangeGroups
{
    private Node? _root;

    public void Add(Watcher watcher) => _root = Add(_root, watcher);

    public void Remove(Watcher watcher) => _root = Remove(_root, watcher);

    /// <summary>Calls for each group whose range contains a key.</summary>
    public void ForEach(ReadOnlySpan<byte> key, WatchersVisitor visit) => ForEach(_root, key, visit);

    /// <summary>Gets the watchers of one range.</summary>
    public delegate void WatchersVisitor(List<Watcher> watchers);

    /// <summary>One range. The end is as in a request: one zero byte for all from the key on.</summary>
    private sealed class Node(ByteString key, ByteString end)
    {
        public ByteString Key { get; } = key;

        public ByteString End { get; } = end;

        public List<Watcher> Watchers { get; set; } = [];

        public Node? Left { get; set; }

        public Node? Right { get; set; }

        public int Height { get; set; } = 1;

        /// <summary>The largest end of this node and those below it.</summary>
        public ByteString MaxEnd { get; set; } = end;
    }

    private static bool IsOpen(ByteString end) => end.Length == 1 && end[0] == 0;

    private static int CompareEnds(ByteString left, ByteString right) => (IsOpen(left), IsOpen(right)) switch
    {
        (false, false) => left.Span.SequenceCompareTo(right.Span),
        (var leftIsOpen, var rightIsOpen) => leftIsOpen.CompareTo(rightIsOpen),
    };

    private static int Compare(Watcher watcher, Node node)
    {
        int byKey = watcher.Key.Span.SequenceCompareTo(node.Key.Span);
        return byKey != 0 ? byKey : CompareEnds(watcher.RangeEnd, node.End);
    }

    private static void ForEach(Node? node, ReadOnlySpan<byte> key, WatchersVisitor visit)
    {
        while (node is not null && (IsOpen(node.MaxEnd) || key.SequenceCompareTo(node.MaxEnd.Span) < 0))
        {
            ForEach(node.Left, key, visit);
            if (key.SequenceCompareTo(node.Key.Span) < 0)
            {
                return;
            }

            if (new KeyRange(node.Key, node.End).Contains(key))
            {
                visit(node.Watchers);
            }

            node = node.Right;
        }
    }

    private static Node Add(Node? node, Watcher watcher)
    {
        if (node is null)
        {
            return new Node(watcher.Key, watcher.RangeEnd) { Watchers = [watcher] };
        }

        switch (Compare(watcher, node))
        {
            case 0:
                node.Watchers.Add(watcher);
                return node;
            case < 0:
                node.Left = Add(node.Left, watcher);
                break;
            default:
                node.Right = Add(node.Right, watcher);
                break;
        }

        return Balanced(node);
    }

    private static Node? Remove(Node? node, Watcher watcher)
    {
        if (node is null)
        {
            return null;
        }

        switch (Compare(watcher, node))
        {
            case < 0:
                node.Left = Remove(node.Left, watcher);
                break;
            case > 0:
                node.Right = Remove(node.Right, watcher);
                break;
            default:
                node.Watchers.Remove(watcher);
                if (node.Watchers.Count > 0)
                {
                    return node;
                }

                if (node.Left is null || node.Right is null)
                {
                    return node.Left ?? node.Right;
                }

                Node right = TakeFirst(node.Right, out Node next)!;
                next.Left = node.Left;
                next.Right = right;
                node = next;
                break;
        }

        return Balanced(node);
    }

    /// <summary>Takes the first node out of a tree; returns what is left.</summary>
    private static Node? TakeFirst(Node node, out Node first)
    {
        if (node.Left is null)
        {
            first = node;
            return node.Right;
        }

        node.Left = TakeFirst(node.Left, out first);
        return Balanced(node);
    }

    private static Node Balanced(Node node)
    {
        int tilt = HeightOf(node.Left) - HeightOf(node.Right);
        if (tilt > 1)
        {
            if (HeightOf(node.Left!.Left) < HeightOf(node.Left.Right))
            {
                node.Left = RotatedLeft(node.Left);
            }

            return RotatedRight(node);
        }

        if (tilt < -1)
        {
            if (HeightOf(node.Right!.Right) < HeightOf(node.Right.Left))
            {
                node.Right = RotatedRight(node.Right);
            }

            return RotatedLeft(node);
        }

        return Measured(node);
    }

    private static Node RotatedLeft(Node node)
    {
        Node top = node.Right!;
        node.Right = top.Left;
        top.Left = Measured(node);
        return Measured(top);
    }

    private static Node RotatedRight(Node node)
    {
        Node top = node.Left!;
        node.Left = top.Right;
        top.Right = Measured(node);
        return Measured(top);
    }

    private static Node Measured(Node node)
    {
        node.Height = 1 + Math.Max(HeightOf(node.Left), HeightOf(node.Right));
        ByteString max = node.End;
        if (node.Left is { } left && CompareEnds(left.MaxEnd, max) > 0)
        {
            max = left.MaxEnd;
        }

        if (node.Right is { } right && CompareEnds(right.MaxEnd, max) > 0)
        {
            max = right.MaxEnd;
        }

        node.MaxEnd = max;
        return node;
    }

    private static int HeightOf(Node? node) => node?.Height ?? 0;
}
