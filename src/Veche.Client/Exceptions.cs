using Grpc.Core;

namespace Veche.Client;

/// <summary>A call that did not succeed.</summary>
public class VecheException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The cluster refused: nothing was changed, and to ask again would not help.</summary>
public sealed class VecheRefusedException(StatusCode code, string message, Exception? inner = null) : VecheException(message, inner)
{
    /// <summary>Kind of refusal.</summary>
    public StatusCode Code => code;
}

/// <summary>No member could do it before the deadline. Nothing was changed, or only what does no harm when it is done again; it may be asked again later.</summary>
public sealed class VecheUnavailableException(string message, Exception? inner = null) : VecheException(message, inner);

/// <summary>
/// No answer came to a write that may have been done, or may yet be. It was not repeated, for a second time could undo what others wrote in between. In a
/// <see cref="ClientSession"/> it was repeated until its time was up, or until it was told something that says nothing of the attempts before, as that the user may not do it any more.
/// </summary>
public sealed class VecheOutcomeUnknownException(string message, string? outcomeToken, Exception? inner = null) : VecheException(message, inner)
{
    /// <summary>For <see cref="VecheClient.AskOutcomeAsync"/>; null when the server gave none. In a session there always is one.</summary>
    public string? OutcomeToken => outcomeToken;
}

/// <summary>What was to be watched has been compacted: changes were missed. Read the keys again, and watch from the revision after that.</summary>
public sealed class WatchCompactedException(long compactRevision) : VecheException($"revisions through {compactRevision} have been compacted, so changes were missed; read the keys again and watch from there, or set {nameof(WatchOptions)}.{nameof(WatchOptions.RereadWhenCompacted)}")
{
    /// <summary>The last revision that is gone.</summary>
    public long CompactRevision => compactRevision;
}

/// <summary>A lease has run out, and with it whatever was held by it.</summary>
public sealed class LeaseLostException(long lease) : VecheException($"lease {lease:x} has run out: what was held by it may be another's now")
{
    /// <summary>The lease.</summary>
    public long Lease => lease;
}
