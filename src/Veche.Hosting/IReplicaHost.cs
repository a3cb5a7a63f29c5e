using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>A running member as the code around it sees it. All of it may be called from any thread.</summary>
public interface IReplicaHost
{
    /// <summary>Who this member is.</summary>
    MemberId Id { get; }

    /// <summary>A recent, consistent view of the member. Cheap: published by the loop after each batch, never computed on call.</summary>
    MemberStatus Status { get; }

    /// <summary>
    /// Has a command committed and applied here, and returns what <c>IStateMachine.Apply</c> set as its result. Any member may be asked; a follower
    /// forwards to the leader, and without a leader the command waits for one until the deadline.
    /// </summary>
    /// <param name="command">The command, in a buffer that is not used again; bytes from elsewhere are copied into one.</param>
    /// <param name="cancellationToken">Ends it before it is proposed.</param>
    /// <exception cref="OutcomeUnknownException">The deadline passed or the member stopped after the command may have been proposed: it may still take effect.</exception>
    /// <exception cref="RefusedException">It was not and will not be proposed.</exception>
    ValueTask<object?> ProposeAsync(CommandBuffer command, CancellationToken cancellationToken = default);

    /// <summary>The same on other terms: answered when these are met, be that before the command is committed or later than it is applied here.</summary>
    /// <exception cref="OutcomeUnknownException">As above.</exception>
    /// <exception cref="RuleNotReachedException">The deadline passed after the command was applied here, before the rest was reached.</exception>
    /// <exception cref="RefusedException">As above.</exception>
    ValueTask<ProposalOutcome> ProposeAsync(CommandBuffer command, ProposalTerms terms, CancellationToken cancellationToken = default);

    /// <summary>Waits until this member's state machine may serve a linearizable read (ReadIndex, thesis §6.4), and returns the index that was waited for.</summary>
    /// <exception cref="RefusedException">No leader confirmed the read before the deadline, or the member is stopping.</exception>
    ValueTask<long> ReadBarrierAsync(CancellationToken cancellationToken = default);

    /// <summary>The same, less strict in a way that is named. Returns the index that is applied here.</summary>
    /// <exception cref="RefusedException">No leader confirmed the read before the deadline, or the member is stopping.</exception>
    ValueTask<long> ReadBarrierAsync(ReadBarrier barrier, CancellationToken cancellationToken = default);

    /// <summary>Hands leadership to another voter (the best one when <paramref name="to"/> is nobody) and returns when this member has seen the new leader.</summary>
    /// <exception cref="RefusedException">Not the leader, a bad transferee, or the hand-over did not finish in an election timeout.</exception>
    Task TransferLeadershipAsync(MemberId to, CancellationToken cancellationToken = default);

    /// <summary>Changes the configuration and returns once the final configuration has committed and this member has applied it.</summary>
    /// <exception cref="RefusedException">The change was refused; nothing has changed.</exception>
    /// <exception cref="OutcomeUnknownException">Leadership was lost or the deadline passed on the way.</exception>
    Task ChangeConfigurationAsync(ConfigurationChange change, CancellationToken cancellationToken = default);

    /// <summary>Asks another member's <see cref="ICallHandler"/> something outside the log, over the peer connection.</summary>
    /// <exception cref="RefusedException">The member is not reachable, or answered with an error.</exception>
    ValueTask<ReadOnlyMemory<byte>> CallAsync(MemberId to, ReadOnlyMemory<byte> request, CancellationToken cancellationToken = default);
}

/// <summary>What a read waits for.</summary>
/// <param name="AllowLease">The leader may answer from its lease, which rests on the bound on clocks (<see cref="ReplicaHostOptions.LeaseClockDriftBoundMs"/>); where that is not set, a quorum is asked. Default false.</param>
/// <param name="MaxEntriesBehind">The state machine may lack this many entries of what the leader confirmed. Default 0.</param>
public readonly record struct ReadBarrier(bool AllowLease = false, long MaxEntriesBehind = 0);

/// <summary>Answers other members' <see cref="IReplicaHost.CallAsync"/>.</summary>
public interface ICallHandler
{
    /// <summary>Answers a call. An exception becomes a <see cref="RefusedException"/> at the caller.</summary>
    ValueTask<ReadOnlyMemory<byte>> HandleAsync(MemberId from, ReadOnlyMemory<byte> request, CancellationToken cancellationToken);
}

/// <summary>Told about what happens to a member; called on the loop's thread, so it must return at once.</summary>
public interface IReplicaObserver
{
    /// <summary>Role, term or leader changed.</summary>
    void LeadershipChanged(MemberStatus status);

    /// <summary>The state was found to be damaged or to differ; called from any thread, perhaps more than once. Default: nobody cares.</summary>
    void StateDamaged(string reason)
    {
    }

    /// <summary>Whether the state may be shown has changed. Default: nobody cares.</summary>
    void TrustChanged(StateTrust trust)
    {
    }

    /// <summary>The configuration in force changed.</summary>
    void ConfigurationChanged(Configuration configuration);

    /// <summary>The member cannot go on (its disk failed, its log is damaged) and has stopped itself.</summary>
    void Failed(Exception reason);
}

/// <summary>The command may or may not take effect; nobody can tell yet.</summary>
public sealed class OutcomeUnknownException(string message) : Exception(message)
{
    /// <summary>Which command; null when none was made, or it is not known.</summary>
    public CommandIdentity? Command { get; init; }
}

/// <summary>Nothing was done, and nothing will be.</summary>
/// <param name="reason">Why, for code.</param>
/// <param name="message">Why, for people.</param>
public sealed class RefusedException(RefusalReason reason, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public RefusalReason Reason { get; } = reason;
}

/// <summary>Why a member did not do what it was asked.</summary>
public enum RefusalReason
{
    /// <summary>No leader was known until the deadline.</summary>
    NoLeader,

    /// <summary>Only the leader can, and this member is not it.</summary>
    NotLeader,

    /// <summary>The deadline passed before anything was done.</summary>
    TimedOut,

    /// <summary>Too much is waiting already; try again later.</summary>
    TooBusy,

    /// <summary>The command is larger than the limit.</summary>
    TooLarge,

    /// <summary>The disk has no room for more of the log.</summary>
    NoSpace,

    /// <summary>The transferee is unknown, not a voter, or this member.</summary>
    BadTransferee,

    /// <summary>Another configuration change is under way.</summary>
    ConfigurationBusy,

    /// <summary>The configuration change would not leave a cluster that works.</summary>
    ConfigurationInvalid,

    /// <summary>The other member is not reachable or answered with an error.</summary>
    Unreachable,

    /// <summary>The member is stopping.</summary>
    Stopping,
}
