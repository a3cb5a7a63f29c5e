namespace Veche.Checking.Histories;

/// <summary>What an operation does.</summary>
public enum OperationKind
{
    /// <summary>Reads the value of a key: <c>read</c> or <c>get</c>.</summary>
    Read,

    /// <summary>Sets a key: <c>write</c> or <c>put</c>.</summary>
    Write,

    /// <summary>Sets a key if it has an expected value: <c>cas</c>.</summary>
    CompareAndSet,

    /// <summary>Adds to the end of a key's value: <c>append</c>.</summary>
    Append,

    /// <summary>Several reads and appends as one: <c>txn</c>.</summary>
    Transaction,
}
