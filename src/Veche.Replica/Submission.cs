namespace Veche.Replica;

/// <summary>A command on its way into the log.</summary>
/// <param name="Sequence">The proposer's number for it, unique among everything the proposer ever proposes.</param>
/// <param name="DeadlineNs">After this it is dropped instead of proposed, because nobody waits for it any more.</param>
/// <param name="Data">The entry's payload: <see cref="CommandHeader"/> and command.</param>
/// <param name="Rule">When to say so in <see cref="ReplicaOutput.Acknowledged"/>; null, the default, never does: whoever submitted waits for it to be applied.</param>
public readonly record struct Submission(long Sequence, long DeadlineNs, ReadOnlyMemory<byte> Data, AckRule? Rule = null);

/// <summary>Why a submission was not proposed. None of these leaves any doubt: it will never take effect.</summary>
public enum SubmissionRefusal
{
    /// <summary>Its deadline passed while no leader was known.</summary>
    NoLeader,

    /// <summary>Too much is waiting already.</summary>
    TooBusy,

    /// <summary>The member it was forwarded to does not lead. It may be submitted again, under the same number.</summary>
    NotLeading,
}

/// <summary>A submission that was not proposed.</summary>
/// <param name="Sequence">Which.</param>
/// <param name="Reason">Why.</param>
public readonly record struct RefusedSubmission(long Sequence, SubmissionRefusal Reason);
