namespace Veche.Simulation.Clients;

/// <summary>What a client asks for.</summary>
public enum OperationKind : byte
{
    /// <summary>Put a key.</summary>
    Put,

    /// <summary>Delete a key.</summary>
    Delete,

    /// <summary>Put a key if it has the value that this client believes it has.</summary>
    CompareAndSet,

    /// <summary>Put two keys in one transaction.</summary>
    PutTwo,

    /// <summary>Read a key, linearizably.</summary>
    Get,

    /// <summary>Read a key from the member's own state.</summary>
    GetSerializable,

    /// <summary>Read all keys, linearizably.</summary>
    GetAll,

    /// <summary>Grant a lease.</summary>
    LeaseGrant,

    /// <summary>Put a key that is to go with a lease.</summary>
    PutWithLease,

    /// <summary>Keep a lease alive.</summary>
    LeaseKeepAlive,

    /// <summary>End a lease.</summary>
    LeaseRevoke,

    /// <summary>Forget history.</summary>
    Compact,

    /// <summary>A transaction of any shape, nested ones in it.</summary>
    Transact,

    /// <summary>Delete a range of keys.</summary>
    DeleteMany,

    /// <summary>Put a key and keep its value or its lease, or ask for what was there before.</summary>
    PutOver,

    /// <summary>Read a range, in any order, of any revision, linearizably or not.</summary>
    Range,

    /// <summary>A transaction that only reads, linearizably.</summary>
    ReadTransact,

    /// <summary>Open the client's session. Never drawn: a client that keeps one asks first.</summary>
    OpenSession,
}

/// <summary>What a client knows of an operation's end.</summary>
public enum Outcome : byte
{
    /// <summary>No answer: it may take effect at any time, or never.</summary>
    Unknown,

    /// <summary>Done, as the answer says.</summary>
    Done,

    /// <summary>Refused: it did not happen and never will.</summary>
    Refused,
}

/// <summary>One operation of a client, from its call to its answer. The history of a world is a list of these.</summary>
public sealed class Operation
{
    /// <summary>Position in the history, from 0.</summary>
    public required int Id { get; init; }

    /// <summary>Who asked.</summary>
    public required int Client { get; init; }

    /// <summary>What for.</summary>
    public required OperationKind Kind { get; init; }

    /// <summary>The member asked, by number.</summary>
    public required int Member { get; set; }

    /// <summary>Number of the key, -1 when it is about none.</summary>
    public int Key { get; init; } = -1;

    /// <summary>Number of the second key of a transaction.</summary>
    public int SecondKey { get; init; } = -1;

    /// <summary>The value written: unique in the world. 0 for none.</summary>
    public long Value { get; init; }

    /// <summary>The value expected by a comparison; 0 for an absent key.</summary>
    public long Expected { get; init; }

    /// <summary>The lease it is about, 0 for none.</summary>
    public long Lease { get; init; }

    /// <summary>Revision of a compaction.</summary>
    public long AtRevision { get; init; }

    /// <summary>Its number in the client's session, under which it is repeated until it is answered; 0 outside of one.</summary>
    public long SessionSequence { get; init; }

    /// <summary>How often it was asked again.</summary>
    public int Retries { get; internal set; }

    /// <summary>The revision that a token with a read names; 0 without one.</summary>
    public long AfterRevision { get; init; }

    /// <summary>When it was asked, in nanoseconds of the world.</summary>
    public required long CallNs { get; init; }

    /// <summary>When the answer came; <see cref="long.MaxValue"/> while none has.</summary>
    public long ReturnNs { get; internal set; } = long.MaxValue;

    /// <summary>What the client knows of its end.</summary>
    public Outcome Outcome { get; internal set; }

    /// <summary>Revision in the answer's header.</summary>
    public long Revision { get; internal set; }

    /// <summary>For a comparison: it held. For a deletion: the key was there. For a keep-alive: the lease was there.</summary>
    public bool Succeeded { get; internal set; }

    /// <summary>The value read, 0 for an absent key.</summary>
    public long Read { get; internal set; }

    /// <summary>Revision at which the value read was written.</summary>
    public long ReadModRevision { get; internal set; }

    /// <summary>All values read, by number of key, when all were asked for.</summary>
    public IReadOnlyList<long>? ReadAll { get; internal set; }

    /// <summary>Why it was refused.</summary>
    public string? Refusal { get; internal set; }

    /// <summary>True when it changes something.</summary>
    public bool IsWrite => Writes(Kind);

    /// <summary>True for kinds that change something.</summary>
    public static bool Writes(OperationKind kind) => kind is not (OperationKind.Get or OperationKind.GetSerializable or OperationKind.GetAll or OperationKind.LeaseKeepAlive or OperationKind.Range or OperationKind.ReadTransact);

    /// <summary>True when it is answered from a member's own state, however old.</summary>
    public bool IsSerializable => Kind == OperationKind.GetSerializable || Request is Veche.Api.RangeRequest { Serializable: true };

    /// <summary>True when, done, it made its revision; otherwise it saw it.</summary>
    public bool MadeRevision { get; internal set; }

    /// <summary>Who asks; null for nobody.</summary>
    internal Identity? Who { get; set; }

    /// <summary>Who the member takes the caller for; null while authentication is off there.</summary>
    internal Veche.Api.Commands.Caller? Caller { get; set; }

    /// <summary>The index at which the member judged whether the caller may see what it reads; null when it did not come to that.</summary>
    internal long? JudgedAt { get; set; }

    /// <summary>The last index that was committed when a read was asked.</summary>
    internal long CommittedBefore { get; set; }

    /// <summary>A read as the API has it.</summary>
    internal Google.Protobuf.IMessage ReadRequest => Request ?? (Kind == OperationKind.GetAll
        ? new Veche.Api.RangeRequest { Key = KeyNames.Bytes(0), RangeEnd = KeyNames.End }
        : new Veche.Api.RangeRequest { Key = KeyNames.Bytes(Key), Serializable = IsSerializable });

    /// <summary>The request itself, where the kind does not say it all.</summary>
    internal Google.Protobuf.IMessage? Request { get; init; }

    /// <summary>The answer to <see cref="Request"/>, for a read.</summary>
    internal Google.Protobuf.IMessage? Response { get; set; }

    /// <summary>What a state machine decided; null while none has. A refusal by a member that did not even begin is no decision: an earlier attempt may be on its way.</summary>
    internal Outcome? Decided { get; set; }

    /// <summary>The command that goes through the log, for a write.</summary>
    internal ReadOnlyMemory<byte> Command { get; set; }

    /// <summary>What was asked, in words.</summary>
    internal string Question => Kind switch
    {
        OperationKind.Put => $"put {KeyNames.Of(Key)} = {Value}",
        OperationKind.PutWithLease => $"put {KeyNames.Of(Key)} = {Value} with lease {Lease}",
        OperationKind.Delete => $"delete {KeyNames.Of(Key)}",
        OperationKind.CompareAndSet => $"if {KeyNames.Of(Key)} = {Expected} put {Value}",
        OperationKind.PutTwo => $"put {KeyNames.Of(Key)} and {KeyNames.Of(SecondKey)} = {Value}",
        OperationKind.Get => $"get {KeyNames.Of(Key)}",
        OperationKind.GetSerializable => $"get {KeyNames.Of(Key)}, serializable{(AfterRevision > 0 ? $", after revision {AfterRevision}" : string.Empty)}",
        OperationKind.GetAll => "get all",
        OperationKind.OpenSession => "open a session",
        OperationKind.LeaseGrant => $"grant lease {Lease}",
        OperationKind.LeaseKeepAlive => $"keep lease {Lease} alive",
        OperationKind.LeaseRevoke => $"revoke lease {Lease}",
        OperationKind.Transact or OperationKind.DeleteMany or OperationKind.PutOver or OperationKind.Range or OperationKind.ReadTransact => $"{Kind} {Request}",
        _ => $"compact {AtRevision}",
    };

    /// <inheritdoc/>
    public override string ToString()
    {
        string end = Outcome switch
        {
            Outcome.Done => Kind switch
            {
                OperationKind.Get or OperationKind.GetSerializable => $" -> {Read} (written at {ReadModRevision}) at revision {Revision}",
                OperationKind.GetAll => $" -> {string.Join(' ', ReadAll ?? [])} at revision {Revision}",
                OperationKind.CompareAndSet or OperationKind.Delete or OperationKind.LeaseKeepAlive => $" -> {(Succeeded ? "yes" : "no")} at revision {Revision}",
                OperationKind.Range or OperationKind.ReadTransact => $" -> {Response}",
                _ => $" -> done at revision {Revision}",
            },
            Outcome.Refused => $" -> refused: {Refusal}",
            _ => " -> unknown",
        };
        return $"client {Client}: {Question}{end}";
    }
}
