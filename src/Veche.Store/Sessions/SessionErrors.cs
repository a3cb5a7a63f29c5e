namespace Veche.Store.Sessions;

/// <summary>Refusals of requests in a session.</summary>
public static class SessionErrors
{
    /// <summary>There is no such session, or not any more.</summary>
    public static readonly StoreError Unknown = new(StoreErrorCode.FailedPrecondition, "veche: the session is unknown or was evicted; whether requests under it happened that were not answered, it can no longer tell; open a new one");

    /// <summary>Somebody else opened it.</summary>
    public static readonly StoreError NotYours = new(StoreErrorCode.PermissionDenied, "veche: the session belongs to another user; open one of your own");

    /// <summary>A sequence number that is none.</summary>
    public static readonly StoreError BadSequence = new(StoreErrorCode.InvalidArgument, "veche: sequence numbers within a session are whole numbers from 1 up");

    /// <summary>A digest that is too long to be kept.</summary>
    public static readonly StoreError BadDigest = new(StoreErrorCode.InvalidArgument, $"veche: the digest of a request is at most {SessionLimits.MaxDigestBytes} bytes long");

    /// <summary>An outcome that is no longer kept, or a request that comes too late to be told from one.</summary>
    public static readonly StoreError TooOld = new(StoreErrorCode.FailedPrecondition, $"veche: the sequence number is older than the last {SessionLimits.Window} of its session, whose outcomes are kept; nothing was done now, and whether it was done before is no longer known");

    /// <summary>Another request under a number that is taken.</summary>
    public static readonly StoreError OtherRequest = new(StoreErrorCode.InvalidArgument, "veche: another request was made under this sequence number; a retry repeats the request as it was, and a new request takes a new number");

    /// <summary>A request whose outcome somebody settled before it came.</summary>
    public static readonly StoreError GivenUp = new(StoreErrorCode.FailedPrecondition, "veche: the outcome under this sequence number was settled before the request arrived: it did not happen, and never will; to try again, take a new number");

    /// <summary>A session id that is taken.</summary>
    public static readonly StoreError Exists = new(StoreErrorCode.FailedPrecondition, "veche: a session of this id exists already; open it again under another");

    /// <summary>The answer to a retry whose first answer was too large to be kept.</summary>
    /// <param name="revision">Revision after it.</param>
    public static StoreError AnswerNotKept(long revision) => new(StoreErrorCode.FailedPrecondition, FormattableString.Invariant($"veche: the request happened, at revision {revision} and was not repeated; its answer was larger than the {SessionLimits.MaxAnswerBytes >> 10} KiB that are kept"));
}
