using Veche.Checking.Histories;
using Veche.Checking.Linearizability;

namespace Veche.Checking.Models;

/// <summary>A text under a key, as of a map whose values are set and appended to. An absent key is the empty text.</summary>
internal sealed class TextModel(Symbols symbols, int initial) : KeyModel
{
    private const long MaxComparisons = 20_000_000;
    private readonly TextHashes _hashes = new();

    public override LinearizabilityResult Check(IReadOnlyList<Operation> operations, CheckLimits limits) =>
        LinearizabilityChecker.Check(new Steps(_hashes, symbols, symbols.TextOf(initial), operations), IntervalsOf(operations), limits);

    public override bool[] FindUnobserved(IReadOnlyList<Operation> operations)
    {
        HashSet<string> read = new(StringComparer.Ordinal);
        foreach (Operation operation in operations)
        {
            if (operation.Kind == OperationKind.Read)
            {
                read.Add(symbols.TextOf(operation.Value));
            }
        }

        bool[] unobserved = new bool[operations.Count];
        if ((long)read.Count * operations.Count > MaxComparisons)
        {
            return unobserved;
        }

        for (int i = 0; i < unobserved.Length; i++)
        {
            // Until the key is set again, what was set begins each value that is read, and what was appended is within it.
            string text = symbols.TextOf(operations[i].Value);
            unobserved[i] = operations[i].Kind switch
            {
                OperationKind.Read => false,
                OperationKind.Write => !read.Any(seen => seen.StartsWith(text, StringComparison.Ordinal)),
                _ => !read.Any(seen => seen.Contains(text, StringComparison.Ordinal)),
            };
        }

        return unobserved;
    }

    private readonly struct Steps : IOperationModel
    {
        private readonly Texts _texts;
        private readonly OperationKind[] _kinds;
        private readonly int[] _arguments;
        private readonly TextReach?[] _reachOf;

        public Steps(TextHashes hashes, Symbols symbols, string initial, IReadOnlyList<Operation> operations)
        {
            _texts = new Texts(hashes);
            _kinds = new OperationKind[operations.Count];
            _arguments = new int[operations.Count];
            Initial = _texts.Of(initial);
            for (int i = 0; i < _kinds.Length; i++)
            {
                string text = symbols.TextOf(operations[i].Value);
                _kinds[i] = operations[i].Kind;
                _arguments[i] = _kinds[i] == OperationKind.Append ? _texts.PieceOf(text) : _texts.Of(text);
            }

            Dictionary<int, TextReach> reachOfText = [];
            _reachOf = new TextReach?[operations.Count];
            List<int> puts = [.. Enumerable.Range(0, operations.Count).Where(i => operations[i].Kind == OperationKind.Write)];
            long letters = 0;
            for (int i = 0; i < _kinds.Length && letters < MaxComparisons; i++)
            {
                if (_kinds[i] != OperationKind.Read)
                {
                    continue;
                }

                if (!reachOfText.TryGetValue(_arguments[i], out _reachOf[i]))
                {
                    string text = symbols.TextOf(operations[i].Value);
                    letters += text.Length + puts.Count;
                    int[] makers = [.. puts.Where(put => text.StartsWith(symbols.TextOf(operations[put].Value), StringComparison.Ordinal))];
                    reachOfText.Add(_arguments[i], _reachOf[i] = new TextReach(hashes.OfBeginnings(text), makers));
                }
            }
        }

        public int Initial { get; }

        public long BytesHeld => _texts.BytesHeld;

        public int Step(int state, int operation) => _kinds[operation] switch
        {
            OperationKind.Append => _texts.Append(state, _arguments[operation]),
            OperationKind.Write => _arguments[operation],
            _ => _arguments[operation] == state ? state : -1,
        };

        public bool IsReadOnly(int operation) => _kinds[operation] == OperationKind.Read;

        public bool IsWithinReach(int state, int read) => _reachOf[read] is not { } reach || _texts.MayBegin(state, reach.HashesOfBeginnings);

        public ReadOnlySpan<int> MakersOf(int read) => _reachOf[read]?.Makers;

        public long EffectOf(int operation) => ((long)_kinds[operation] << 32) | (uint)_arguments[operation];
    }

    /// <summary>Of a text that is read: the hashes of everything it begins with, by length, and the puts that it can begin with.</summary>
    private sealed record TextReach(ulong[] HashesOfBeginnings, int[] Makers);
}
