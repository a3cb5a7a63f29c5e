using System.Runtime.InteropServices;
using Veche.Checking.Histories;

namespace Veche.Checking.Transactions;

/// <summary>A history of transactions on lists, by transaction and by key, and what is wrong in single transactions.</summary>
internal sealed class ListHistory
{
    private readonly Dictionary<int, ListKey> _byKey = [];
    private readonly List<int> _own = [];
    private readonly Symbols _symbols;
    private readonly AnomalyLog _log;

    public ListHistory(History history, AnomalyLog log)
    {
        _symbols = history.Symbols;
        _log = log;
        Transactions = new ListTransaction[history.Operations.Count];
        for (int i = 0; i < Transactions.Length; i++)
        {
            Transactions[i] = ListTransaction.Of(history.Operations[i]);
            AddAppends(i);
        }

        for (int i = 0; i < Transactions.Length; i++)
        {
            if (Transactions[i].Operation.Outcome == Outcome.Ok)
            {
                AddReads(i);
            }
        }

        foreach (ListKey key in Keys)
        {
            OrderVersions(key);
        }
    }

    public ListTransaction[] Transactions { get; }

    /// <summary>In the order in which they were first named.</summary>
    public List<ListKey> Keys { get; } = [];

    public string Describe(int transaction) => ListText.Describe(_symbols, Transactions[transaction]);

    public string Show(int symbol) => _symbols.Show(symbol);

    private ListKey KeyOf(int symbol)
    {
        if (!_byKey.TryGetValue(symbol, out ListKey? key))
        {
            _byKey.Add(symbol, key = new ListKey(symbol));
            Keys.Add(key);
        }

        return key;
    }

    private void AddAppends(int transaction)
    {
        IReadOnlyList<MicroOperation> parts = Transactions[transaction].Parts;
        for (int i = 0; i < parts.Count; i++)
        {
            if (parts[i].IsAppend)
            {
                bool isLast = true;
                for (int later = i + 1; later < parts.Count && isLast; later++)
                {
                    isLast = !(parts[later].IsAppend && parts[later].Key == parts[i].Key);
                }

                KeyOf(parts[i].Key).Add(new ListAppend(transaction, parts[i].Value, isLast));
            }
        }
    }

    private void AddReads(int transaction)
    {
        IReadOnlyList<MicroOperation> parts = Transactions[transaction].Parts;
        for (int i = 0; i < parts.Count; i++)
        {
            if (parts[i].Elements is not { } elements)
            {
                continue;
            }

            ListKey key = KeyOf(parts[i].Key);
            key.See(elements);
            int earlier = i - 1;
            _own.Clear();
            for (; earlier >= 0 && !(parts[earlier].Key == parts[i].Key && !parts[earlier].IsAppend); earlier--)
            {
                if (parts[earlier].Key == parts[i].Key)
                {
                    _own.Add(parts[earlier].Value);
                }
            }

            // What was there before the transaction's own appends, which were gathered from the last to the first.
            _own.Reverse();
            int length = elements.Length - _own.Count;
            bool fits = length >= 0
                && elements.AsSpan(length).SequenceEqual(CollectionsMarshal.AsSpan(_own))
                && (earlier >= 0 ? elements.AsSpan(0, length).SequenceEqual(parts[earlier].Elements) : !SeesItself(parts, parts[i].Key, elements.AsSpan(0, length)));
            if (!fits)
            {
                _log.Add("internal", () => $"{Describe(transaction)} reads key {Show(key.Symbol)} otherwise than its own parts before left it");
            }
            else if (earlier < 0)
            {
                key.Reads.Add(new ListRead(transaction, elements, length));
            }
        }
    }

    // What was there before a transaction cannot hold what it appends.
    private static bool SeesItself(IReadOnlyList<MicroOperation> parts, int key, ReadOnlySpan<int> before)
    {
        foreach (MicroOperation part in parts)
        {
            if (part.IsAppend && part.Key == key && before.Contains(part.Value))
            {
                return true;
            }
        }

        return false;
    }

    private void OrderVersions(ListKey key)
    {
        key.Writers = new int[key.Order.Length];
        LookAt(key, key.Order, key.Writers);
        foreach (ListRead read in key.Reads)
        {
            if (!key.IsPrefix(read.Elements))
            {
                _log.Add("incompatible-order", () => $"{Describe(read.Transaction)} reads key {Show(key.Symbol)} as {ListText.List(_symbols, read.Elements)}, which does not begin {ListText.List(_symbols, key.Order)}");
                LookAt(key, read.Elements, new int[read.Elements.Length]);
            }

            LookAtLast(key, read);
        }
    }

    private void LookAt(ListKey key, int[] elements, int[] writers)
    {
        HashSet<int> seen = new(elements.Length);
        for (int i = 0; i < elements.Length; i++)
        {
            int value = elements[i];
            writers[i] = -1;
            if (!seen.Add(value))
            {
                _log.Add("duplicate-elements", () => $"key {Show(key.Symbol)} was read with {Show(value)} in it twice: {ListText.List(_symbols, elements)}");
            }
            else if (!key.ByValue.TryGetValue(value, out int append))
            {
                _log.Add("garbage-read", () => $"key {Show(key.Symbol)} was read with {Show(value)} in it, which nobody appended");
            }
            else if (!key.IsAppendedTwice(value))
            {
                int writer = key.Appends[append].Transaction;
                if (Transactions[writer].Operation.Outcome == Outcome.Fail)
                {
                    _log.Add("G1a", () => $"aborted read: key {Show(key.Symbol)} was read with {Show(value)} in it, which {Describe(writer)} appended, and that failed");
                }
                else
                {
                    Transactions[writer].IsCommitted = true;
                    writers[i] = writer;
                }
            }
        }
    }

    private void LookAtLast(ListKey key, ListRead read)
    {
        if (read.Length == 0)
        {
            return;
        }

        int value = read.Elements[read.Length - 1];
        if (key.ByValue.TryGetValue(value, out int index) && !key.IsAppendedTwice(value) && key.Appends[index] is { IsLast: false } append && append.Transaction != read.Transaction)
        {
            _log.Add("G1b", () => $"intermediate read: {Describe(read.Transaction)} saw key {Show(key.Symbol)} end with {Show(value)}, in the middle of {Describe(append.Transaction)}");
        }
    }
}
