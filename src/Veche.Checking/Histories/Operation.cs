namespace Veche.Checking.Histories;

/// <summary>One operation of a history, from its call to its return.</summary>
public sealed record Operation
{
    /// <summary>The place of a return that has not been seen.</summary>
    public const long NotReturned = long.MaxValue;

    /// <summary>The symbol of the process that called it. A process has one operation under way at a time.</summary>
    public required int Process { get; init; }

    /// <summary>What it does.</summary>
    public required OperationKind Kind { get; init; }

    /// <summary>The symbol of its key; <see cref="Symbols.Null"/> when the history has one register.</summary>
    public int Key { get; init; }

    /// <summary>The symbol of what is written, or of what a read that ended well returned.</summary>
    public int Value { get; init; }

    /// <summary>For <see cref="OperationKind.CompareAndSet"/>, the symbol of the value that had to be there.</summary>
    public int Expected { get; init; }

    /// <summary>How it ended.</summary>
    public required Outcome Outcome { get; init; }

    /// <summary>Its call's place among all events of the history, from 0.</summary>
    public required long Call { get; init; }

    /// <summary>Its return's place among all events, or <see cref="NotReturned"/>.</summary>
    public required long Return { get; init; }

    /// <summary>The line of the call, from 1; 0 when it comes from no file.</summary>
    public int CallLine { get; init; }

    /// <summary>The line of the completion, or 0.</summary>
    public int ReturnLine { get; init; }

    /// <summary>For <see cref="OperationKind.Transaction"/>, its parts in order.</summary>
    public IReadOnlyList<MicroOperation> Parts { get; init; } = [];
}
