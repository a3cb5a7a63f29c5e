namespace Veche.Checking.Revisions;

/// <summary>What an operation promises about its revision.</summary>
public enum RevisionOperationKind : byte
{
    /// <summary>Made the revision. A transaction or deletion that changed nothing made none and is a <see cref="Read"/>.</summary>
    Write,

    /// <summary>Saw everything that was acknowledged before it was called.</summary>
    Read,

    /// <summary>Saw the state of its revision, which may be old.</summary>
    SerializableRead,
}
