using Veche.Raft;
using Veche.Replica;

namespace Veche.Hosting;

/// <summary>A member at a moment.</summary>
public sealed record MemberStatus
{
    /// <summary>Role.</summary>
    public required Role Role { get; init; }

    /// <summary>Term.</summary>
    public required long Term { get; init; }

    /// <summary>The leader it knows of, or nobody.</summary>
    public required MemberId Leader { get; init; }

    /// <summary>Last index in its log.</summary>
    public required long LastIndex { get; init; }

    /// <summary>Last index known committed.</summary>
    public required long CommitIndex { get; init; }

    /// <summary>Last index applied to the state machine.</summary>
    public required long AppliedIndex { get; init; }

    /// <summary>See <see cref="RaftCore.CopiedIndex"/>: the same as <see cref="CommitIndex"/> where there are no witnesses.</summary>
    public long CopiedIndex { get; init; }

    /// <summary>First index still in the log; entries before it are in a snapshot.</summary>
    public required long FirstIndex { get; init; }

    /// <summary>What is ill about this member, by its own measure.</summary>
    public Ailments Ailments { get; init; }

    /// <summary>Since when (on the monotonic clock, in nanoseconds) entries wait in the log and not one more has been committed; null when none wait.</summary>
    public long? UncommittedSinceNs { get; init; }

    /// <summary>Since when committed entries wait and not one more has been applied; null when none wait.</summary>
    public long? UnappliedSinceNs { get; init; }

    /// <summary>The configuration in force.</summary>
    public required Configuration Configuration { get; init; }

    /// <summary>Its log was damaged, and it keeps out of elections until it holds again what it may have promised to hold. Default false.</summary>
    public bool IsRecovering { get; init; }

    /// <summary>Whether the state may be shown. Default trusted.</summary>
    public StateTrust Trust { get; init; }

    /// <summary>On the leader, how far each other member is; empty elsewhere. In order of id.</summary>
    public IReadOnlyList<FollowerStatus> Followers { get; init; } = [];
}

/// <summary>A follower as its leader sees it.</summary>
/// <param name="Id">Who.</param>
/// <param name="Match">Last index known to be durable there.</param>
/// <param name="LagBytes">Bytes of log entries it lacks (0 when unknown because they are in a snapshot).</param>
/// <param name="State">"probe", "replicate" or "snapshot".</param>
/// <param name="RecentlyActive">It has answered within an election timeout.</param>
public sealed record FollowerStatus(MemberId Id, long Match, long LagBytes, string State, bool RecentlyActive);
