using Veche.Replica;

namespace Veche.Hosting;

/// <summary>What whoever proposes a command waits for, where it is not the usual: committed and applied here.</summary>
public sealed record ProposalTerms
{
    /// <summary>What must have been reached besides, or (without <see cref="AwaitsResult"/>) instead. Default null: nothing.</summary>
    public AckRule? Rule { get; init; }

    /// <summary>Wait until the command is applied here and has its result. Default true. Without it and without a rule nothing is waited for at all.</summary>
    public bool AwaitsResult { get; init; } = true;

    /// <summary>How long to wait, in milliseconds. Default null: <see cref="ReplicaHostOptions.RequestTimeoutMs"/>. At least 1.</summary>
    public int? TimeoutMs { get; init; }

    /// <summary>
    /// Refuse at once when this member has known no leader for three election timeouts, instead of waiting for one until the deadline. Default false: a
    /// failover is usually over by then, and whoever waits does not notice it.
    /// </summary>
    public bool RefuseWithoutLeader { get; init; }
}

/// <summary>How far a command has come when its proposer is answered.</summary>
/// <param name="IsApplied">It is committed, and applied here.</param>
/// <param name="IsAcknowledged">It has reached its <see cref="ProposalTerms.Rule"/>.</param>
/// <param name="Result">What <c>IStateMachine.Apply</c> set, once it is applied here.</param>
public sealed record ProposalOutcome(bool IsApplied, bool IsAcknowledged, object? Result)
{
    /// <summary>Where it is in the log, once it is applied here; otherwise 0.</summary>
    public long Index { get; init; }

    /// <summary>
    /// It is applied here, and for all this member knows as many members with data hold it durably as a commit needs. False where a witness has made up for one that is
    /// behind or away; always true of what is applied where there are no witnesses.
    /// </summary>
    public bool IsCopied { get; init; }

    /// <summary>Queued here, and nothing more is known.</summary>
    public static readonly ProposalOutcome Queued = new(false, false, null);
}

/// <summary>The command is committed and applied, but what was to be reached besides was not reached before the deadline. It may still be.</summary>
/// <param name="outcome">What was reached.</param>
public sealed class RuleNotReachedException(ProposalOutcome outcome) : Exception("the command is committed and applied; what was to be reached besides was not reached in time")
{
    /// <summary>What was reached.</summary>
    public ProposalOutcome Outcome { get; } = outcome;
}

/// <summary>Keeps what is rolled back, so that a person can look at it and decide.</summary>
public interface IRollbackKeeper
{
    /// <summary>
    /// Makes entries durable elsewhere that are about to leave the log. Called on the log's thread, before they do; when it throws, the member stops
    /// and still has them.
    /// </summary>
    /// <param name="rollback">Why they leave, and what is known of them.</param>
    /// <param name="entries">Those that are rolled back, in order.</param>
    void Keep(Rollback rollback, IReadOnlyList<Raft.Entry> entries);
}
