namespace Veche.Store;

/// <summary>What kind of refusal it is; the names are gRPC's.</summary>
public enum StoreErrorCode
{
    /// <summary>The request makes no sense.</summary>
    InvalidArgument,

    /// <summary>It asks for a revision that is gone or not there yet, or a value beyond its bounds.</summary>
    OutOfRange,

    /// <summary>What it names does not exist.</summary>
    NotFound,

    /// <summary>The state does not allow it.</summary>
    FailedPrecondition,

    /// <summary>A limit is reached.</summary>
    ResourceExhausted,

    /// <summary>The data is not to be trusted.</summary>
    DataLoss,

    /// <summary>This version does not know it.</summary>
    Unimplemented,

    /// <summary>The user may not do it.</summary>
    PermissionDenied,

    /// <summary>Who asks is not known.</summary>
    Unauthenticated,

    /// <summary>etcd has no kind for it.</summary>
    Unknown,
}

/// <summary>Why a request was refused. The text is etcd's where etcd has one: clients compare it.</summary>
/// <param name="Code">Kind.</param>
/// <param name="Message">Text.</param>
public sealed record StoreError(StoreErrorCode Code, string Message);

/// <summary>Thrown by reads that are refused.</summary>
public sealed class StoreException(StoreError error) : Exception(error.Message)
{
    /// <summary>Why.</summary>
    public StoreError Error { get; } = error;
}

/// <summary>Every refusal of the store.</summary>
public static class StoreErrors
{
    /// <summary>A request without a key.</summary>
    public static readonly StoreError EmptyKey = new(StoreErrorCode.InvalidArgument, "etcdserver: key is not provided");

    /// <summary>A put that keeps the value or lease of a key that does not exist.</summary>
    public static readonly StoreError KeyNotFound = new(StoreErrorCode.InvalidArgument, "etcdserver: key not found");

    /// <summary>A put that keeps the value and brings one.</summary>
    public static readonly StoreError ValueProvided = new(StoreErrorCode.InvalidArgument, "etcdserver: value is provided");

    /// <summary>A put that keeps the lease and brings one.</summary>
    public static readonly StoreError LeaseProvided = new(StoreErrorCode.InvalidArgument, "etcdserver: lease is provided");

    /// <summary>A transaction list that is too long.</summary>
    public static readonly StoreError TooManyOperations = new(StoreErrorCode.InvalidArgument, "etcdserver: too many operations in txn request");

    /// <summary>A transaction that changes a key twice.</summary>
    public static readonly StoreError DuplicateKey = new(StoreErrorCode.InvalidArgument, "etcdserver: duplicate key given in txn request");

    /// <summary>A sort order or target that does not exist.</summary>
    public static readonly StoreError InvalidSortOption = new(StoreErrorCode.InvalidArgument, "etcdserver: invalid sort option");

    /// <summary>A range to be streamed in an order that needs all of it first.</summary>
    public static readonly StoreError SortedScan = new(StoreErrorCode.Unimplemented, "RangeStream does not support custom sort orders");

    /// <summary>A range to be streamed with a filter by revision.</summary>
    public static readonly StoreError FilteredScan = new(StoreErrorCode.Unimplemented, "RangeStream does not support revision filters");

    /// <summary>A request over the size limit.</summary>
    public static readonly StoreError RequestTooLarge = new(StoreErrorCode.InvalidArgument, "etcdserver: request is too large");

    /// <summary>A revision before the compaction.</summary>
    public static readonly StoreError Compacted = new(StoreErrorCode.OutOfRange, "etcdserver: mvcc: required revision has been compacted");

    /// <summary>A revision that has not happened.</summary>
    public static readonly StoreError FutureRevision = new(StoreErrorCode.OutOfRange, "etcdserver: mvcc: required revision is a future revision");

    /// <summary>A lease that does not exist.</summary>
    public static readonly StoreError LeaseNotFound = new(StoreErrorCode.NotFound, "etcdserver: requested lease not found");

    /// <summary>The end of a lease, or what was left of it, as a leader counted who leads no more. Members say it to each other only.</summary>
    public static readonly StoreError DecidedInAnotherTerm = new(StoreErrorCode.FailedPrecondition, "veche: decided by the leader of another term");

    /// <summary>A lease that exists already.</summary>
    public static readonly StoreError LeaseExists = new(StoreErrorCode.FailedPrecondition, "etcdserver: lease already exists");

    /// <summary>A lease that would live too long.</summary>
    public static readonly StoreError LeaseTtlTooLarge = new(StoreErrorCode.OutOfRange, "etcdserver: too large lease TTL");

    /// <summary>The disk, or the quota, is used up.</summary>
    public static readonly StoreError NoSpace = new(StoreErrorCode.ResourceExhausted, "etcdserver: mvcc: database space exceeded");

    /// <summary>Somebody has raised the alarm that members differ.</summary>
    public static readonly StoreError Corrupt = new(StoreErrorCode.DataLoss, "etcdserver: corrupt cluster");

    /// <summary>A member that does not exist, or not any more.</summary>
    public static readonly StoreError MemberNotFound = new(StoreErrorCode.NotFound, "etcdserver: member not found");

    /// <summary>A member that comes back without what it had promised.</summary>
    public static readonly StoreError MemberLostItsDisk = new(StoreErrorCode.FailedPrecondition, "veche: the member has been started before, with a log that is lost now; remove it, and add it anew");

    /// <summary>A downgrade while another is under way.</summary>
    public static readonly StoreError DowngradeInProgress = new(StoreErrorCode.FailedPrecondition, "etcdserver: cluster has a downgrade job in progress");

    /// <summary>A downgrade is to be given up, and none is under way.</summary>
    public static readonly StoreError NoDowngrade = new(StoreErrorCode.FailedPrecondition, "etcdserver: no inflight downgrade job");

    /// <summary>A command of a later version.</summary>
    public static readonly StoreError UnknownCommand = new(StoreErrorCode.Unimplemented, "veche: the command is of a later version; update every member, then try again");
}
