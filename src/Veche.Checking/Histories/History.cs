namespace Veche.Checking.Histories;

/// <summary>What clients did and saw.</summary>
/// <param name="Symbols">The values that operations name by number.</param>
/// <param name="Operations">In the order of their calls.</param>
public sealed record History(Symbols Symbols, IReadOnlyList<Operation> Operations);
