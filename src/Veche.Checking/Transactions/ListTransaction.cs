using Veche.Checking.Histories;

namespace Veche.Checking.Transactions;

/// <summary>A transaction on lists, and what is known of it.</summary>
internal sealed class ListTransaction(Operation operation, IReadOnlyList<MicroOperation> parts)
{
    public Operation Operation => operation;

    public IReadOnlyList<MicroOperation> Parts => parts;

    /// <summary>It happened: it ended well, or somebody saw what it appended.</summary>
    public bool IsCommitted { get; set; } = operation.Outcome == Outcome.Ok;

    /// <summary>A single read or append is a transaction of one part.</summary>
    public static ListTransaction Of(Operation operation) => operation.Kind switch
    {
        OperationKind.Transaction => new ListTransaction(operation, operation.Parts),
        OperationKind.Append => new ListTransaction(operation, [new MicroOperation(true, operation.Key, operation.Value, null)]),
        OperationKind.Read when operation.Parts.Count > 0 => new ListTransaction(operation, [operation.Parts[0] with { Key = operation.Key }]),
        OperationKind.Read when operation.Value == Symbols.Null => new ListTransaction(operation, [new MicroOperation(false, operation.Key, Symbols.Null, [])]),
        OperationKind.Read => throw new HistoryFormatException(operation.ReturnLine, "reads a value that is no list"),
        _ => throw new HistoryFormatException(operation.CallLine, $"has an \"f\" that is no operation of this model ({operation.Kind})"),
    };
}
