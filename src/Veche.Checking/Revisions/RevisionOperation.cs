namespace Veche.Checking.Revisions;

/// <summary>An operation of a store that numbers its states, as etcd does.</summary>
public readonly record struct RevisionOperation
{
    /// <summary>The return of an operation whose outcome its client does not know.</summary>
    public const long NotReturned = long.MaxValue;

    /// <summary>When it was called.</summary>
    public required long Call { get; init; }

    /// <summary>When it returned, in the same unit, or <see cref="NotReturned"/>. Both ends belong to the interval.</summary>
    public required long Return { get; init; }

    /// <summary>What it promises.</summary>
    public required RevisionOperationKind Kind { get; init; }

    /// <summary>
    /// The revision of the response's header. For a write whose outcome its client does not know: the revision under which its effect was seen
    /// elsewhere (by a watch, in a log), or 0 when it was seen nowhere.
    /// </summary>
    public required long Revision { get; init; }

    /// <summary>For a read that asked for the state of an older revision, that revision; 0 when it is <see cref="Revision"/>.</summary>
    public long StateRevision { get; init; }

    /// <summary>The client, for messages.</summary>
    public int Process { get; init; }
}
