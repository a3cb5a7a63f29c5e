namespace Veche.Checking.Transactions;

/// <summary>An append to a key.</summary>
/// <param name="Transaction">Whose.</param>
/// <param name="Value">The symbol of the element.</param>
/// <param name="IsLast">No later part of the transaction appends to the key.</param>
internal readonly record struct ListAppend(int Transaction, int Value, bool IsLast);

/// <summary>A read of a key that says which version others had made: the first of its transaction.</summary>
/// <param name="Transaction">Whose.</param>
/// <param name="Elements">What it saw.</param>
/// <param name="Length">How much of that was there before the transaction's own appends.</param>
internal readonly record struct ListRead(int Transaction, int[] Elements, int Length);

/// <summary>All that was done to one key.</summary>
internal sealed class ListKey(int symbol)
{
    private HashSet<int>? _appendedTwice;

    public int Symbol => symbol;

    public List<ListAppend> Appends { get; } = [];

    /// <summary>Where in <see cref="Appends"/> each element is.</summary>
    public Dictionary<int, int> ByValue { get; } = [];

    public List<ListRead> Reads { get; } = [];

    /// <summary>The longest list that anybody saw: every version, in order, as all others must begin it.</summary>
    public int[] Order { get; private set; } = [];

    /// <summary>By place in <see cref="Order"/>: the transaction that appended it, or -1 when that is not known.</summary>
    public int[] Writers { get; set; } = [];

    public bool HasElementsAppendedTwice => _appendedTwice is not null;

    public bool IsAppendedTwice(int value) => _appendedTwice?.Contains(value) == true;

    public void Add(ListAppend append)
    {
        if (!ByValue.TryAdd(append.Value, Appends.Count))
        {
            (_appendedTwice ??= []).Add(append.Value);
        }

        Appends.Add(append);
    }

    public void See(int[] elements)
    {
        if (elements.Length > Order.Length)
        {
            Order = elements;
        }
    }

    public bool IsPrefix(ReadOnlySpan<int> elements) => elements.Length <= Order.Length && elements.SequenceEqual(Order.AsSpan(0, elements.Length));
}
