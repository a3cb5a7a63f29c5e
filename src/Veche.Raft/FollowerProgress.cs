namespace Veche.Raft;

/// <summary>How a leader sends to a follower.</summary>
public enum ReplicationState
{
    /// <summary>One append at a time, to find where the logs match.</summary>
    Probe,

    /// <summary>Many appends in flight.</summary>
    Replicate,

    /// <summary>A snapshot is on its way; no appends until it has arrived.</summary>
    Snapshot,
}

/// <summary>What a leader knows of another member.</summary>
/// <param name="Member">Who.</param>
/// <param name="Match">Last index known to be equal there, and durable.</param>
/// <param name="Next">Index of the next entry to send.</param>
/// <param name="State">How it is sent to.</param>
/// <param name="RecentlyActive">It has answered since the last check of the quorum.</param>
public readonly record struct FollowerProgress(MemberId Member, long Match, long Next, ReplicationState State, bool RecentlyActive);
