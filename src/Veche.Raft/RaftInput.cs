namespace Veche.Raft;

/// <summary>What can happen to a member. A closed set: exactly the records nested here.</summary>
public abstract record RaftInput
{
    private RaftInput()
    {
    }

    /// <summary>Time has passed; hand it in when <see cref="RaftOutput.DeadlineNs"/> is reached. Earlier or later is safe.</summary>
    public sealed record Tick : RaftInput;

    /// <summary>A message arrived.</summary>
    public sealed record Received(Message Message) : RaftInput;

    /// <summary>Commands to append, in order, all of them or (when refused) none. Accepted only by a leader.</summary>
    public sealed record Propose(IReadOnlyList<ReadOnlyMemory<byte>> Commands) : RaftInput;

    /// <summary>Every write up to and including this number is durable.</summary>
    public sealed record Persisted(long WriteId) : RaftInput;

    /// <summary>Someone wants a linearizable read. Answered through <see cref="RaftOutput.Reads"/>; the same id must never be used twice.</summary>
    /// <param name="ReadId">Chosen by the caller, unique since this member started.</param>
    /// <param name="AllowLease">Answer from the leader's lease when it has one.</param>
    public sealed record ReadIndex(long ReadId, bool AllowLease) : RaftInput;

    /// <summary>Change the configuration (joint consensus, Raft §6). Accepted only by a leader, once an entry of its term has committed and no other change is under way.</summary>
    public sealed record ChangeConfiguration(ConfigurationChange Change) : RaftInput;

    /// <summary>Hand leadership over (thesis §3.10); to the most caught-up voter when <paramref name="To"/> is nobody.</summary>
    public sealed record TransferLeadership(MemberId To) : RaftInput;

    /// <summary>Campaign now, as if the election timeout had passed. Does nothing at a leader, at a member without a vote, and, where <see cref="RaftOptions.LeaseClockDriftBoundMs"/> is set, at one that has heard from a leader within an election timeout.</summary>
    public sealed record Campaign : RaftInput;

    /// <summary>The log before and at this position is gone from disk: a snapshot covers it.</summary>
    public sealed record Compacted(LogPosition Through) : RaftInput;

    /// <summary>A snapshot from the leader of <paramref name="Term"/> has been received whole, verified and made durable as a file.</summary>
    public sealed record SnapshotReceived(MemberId From, long Term, SnapshotPoint Point) : RaftInput;

    /// <summary>A snapshot sent to a follower is done: it was delivered whole, or it failed and should be tried again later.</summary>
    public sealed record SnapshotSent(MemberId To, bool Delivered, long Index) : RaftInput;

    /// <summary>The state machine has stopped getting on with committed entries, or goes on again. See <see cref="Ailments.Apply"/>.</summary>
    public sealed record ApplyStalled(bool IsStalled) : RaftInput;

    /// <summary>
    /// The state machine's state is not to be trusted any more, or is again. Meanwhile the member keeps its log, votes and acknowledges as ever, hands leadership over and does
    /// not campaign. See <see cref="Ailments.State"/>.
    /// </summary>
    public sealed record StateTrusted(bool IsTrusted) : RaftInput;

    /// <summary>Messages to this member are being lost (a broken connection); stop streaming to it until it answers.</summary>
    public sealed record Unreachable(MemberId Member) : RaftInput;
}
