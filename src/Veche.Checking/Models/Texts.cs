namespace Veche.Checking.Models;

/// <summary>
/// Texts as numbers, equal for equal texts. A text is kept as the one it was appended to and the piece that was appended,
/// so that a search through many orders of long texts needs little memory; equality is found by a hash and then read letter by letter.
/// </summary>
internal sealed class Texts(TextHashes hashes)
{
    private const int None = -1;

    private readonly List<string> _pieces = [];
    private readonly List<ulong> _pieceHashes = [];
    private readonly Dictionary<string, int> _pieceNumbers = new(StringComparer.Ordinal);
    private readonly List<Node> _nodes = [];
    private readonly Dictionary<(ulong Hash, int Length), int> _byHash = [];
    private readonly Dictionary<(int Text, int Piece), int> _appended = [];

    public long BytesHeld => (_nodes.Count * 64L) + (_appended.Count * 40L);

    public int PieceOf(string text)
    {
        if (!_pieceNumbers.TryGetValue(text, out int piece))
        {
            piece = _pieces.Count;
            _pieces.Add(text);
            _pieceNumbers.Add(text, piece);
            _pieceHashes.Add(hashes.OfBeginnings(text)[^1]);
        }

        return piece;
    }

    public int Of(string text)
    {
        int piece = PieceOf(text);
        return Intern(new Node(None, piece, _pieceHashes[piece], text.Length, None));
    }

    public int Append(int text, int piece)
    {
        if (!_appended.TryGetValue((text, piece), out int result))
        {
            Node before = _nodes[text];
            int length = _pieces[piece].Length;
            result = Intern(new Node(text, piece, hashes.Join(before.Hash, _pieceHashes[piece], length), before.Length + length, None));
            _appended.Add((text, piece), result);
        }

        return result;
    }

    /// <summary>False only when a text of such beginnings does not begin with this one: equal texts have equal hashes.</summary>
    public bool MayBegin(int text, ulong[] hashesOfBeginnings) =>
        _nodes[text].Length < hashesOfBeginnings.Length && hashesOfBeginnings[_nodes[text].Length] == _nodes[text].Hash;

    private int Intern(Node node)
    {
        bool isKnown = _byHash.TryGetValue((node.Hash, node.Length), out int first);
        for (int other = isKnown ? first : None; other != None; other = _nodes[other].NextWithHash)
        {
            if (AreEqual(node, _nodes[other]))
            {
                return other;
            }
        }

        _nodes.Add(node with { NextWithHash = isKnown ? first : None });
        _byHash[(node.Hash, node.Length)] = _nodes.Count - 1;
        return _nodes.Count - 1;
    }

    // Both are of the same length; they are compared from their ends, run by run.
    private bool AreEqual(Node left, Node right)
    {
        ReadOnlySpan<char> leftRun = _pieces[left.Piece];
        ReadOnlySpan<char> rightRun = _pieces[right.Piece];
        while (true)
        {
            int length = Math.Min(leftRun.Length, rightRun.Length);
            if (!leftRun[^length..].SequenceEqual(rightRun[^length..]))
            {
                return false;
            }

            leftRun = leftRun[..^length];
            rightRun = rightRun[..^length];
            while (leftRun.IsEmpty && left.Before != None)
            {
                left = _nodes[left.Before];
                leftRun = _pieces[left.Piece];
            }

            while (rightRun.IsEmpty && right.Before != None)
            {
                right = _nodes[right.Before];
                rightRun = _pieces[right.Piece];
            }

            if (leftRun.IsEmpty || rightRun.IsEmpty)
            {
                return leftRun.IsEmpty && rightRun.IsEmpty;
            }
        }
    }

    private readonly record struct Node(int Before, int Piece, ulong Hash, int Length, int NextWithHash);
}
