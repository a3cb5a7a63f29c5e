namespace Veche.Checking.Histories;

/// <summary>One part of a transaction.</summary>
/// <param name="IsAppend">An append; otherwise a read.</param>
/// <param name="Key">The symbol of the key.</param>
/// <param name="Value">For an append, the symbol of the element.</param>
/// <param name="Elements">For a read of a transaction that is known to have happened, the symbols of the list it saw; otherwise null.</param>
public readonly record struct MicroOperation(bool IsAppend, int Key, int Value, int[]? Elements);
