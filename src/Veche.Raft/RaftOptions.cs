namespace Veche.Raft;

/// <summary>Settings of the protocol. Durations are in milliseconds; the core itself measures in nanoseconds of the time handed to it.</summary>
public sealed record RaftOptions
{
    /// <summary>Who this member is. Not <see cref="MemberId.None"/>.</summary>
    public required MemberId Id { get; init; }

    /// <summary>Seed of the generator that randomises election timeouts. Same seed and inputs, same outputs.</summary>
    public required ulong Seed { get; init; }

    /// <summary>
    /// This member is a witness: it votes, and keeps the terms of entries but not what is in them. It never campaigns. Must be what the configuration says of it, or the
    /// member stops. Default false.
    /// </summary>
    public bool IsWitness { get; init; }

    /// <summary>Base election timeout; each is drawn from [this, twice this). Default 1000, 10 to 600,000; at least five times the heartbeat.</summary>
    public int ElectionTimeoutMs { get; init; } = 1000;

    /// <summary>Interval of a leader's heartbeats. Default 100, 1 to 60,000.</summary>
    public int HeartbeatIntervalMs { get; init; } = 100;

    /// <summary>Ask before raising the term (thesis §9.6). Default true.</summary>
    public bool PreVote { get; init; } = true;

    /// <summary>A leader that has not heard from a quorum for an election timeout steps down, and followers that hear a leader refuse votes (thesis §6.2, §4.2.3). Default true.</summary>
    public bool CheckQuorum { get; init; } = true;

    /// <summary>Bound on how much faster one member's clock may run than another's during an election timeout; lease reads are refused while null. Default null. Less than <see cref="ElectionTimeoutMs"/>.</summary>
    public int? LeaseClockDriftBoundMs { get; init; }

    /// <summary>
    /// A member whose disk or state machine makes no progress for this long is ill (<see cref="Raft.Ailments"/>): it hands leadership over to one that is not, and does not
    /// campaign until it has been well for as long. Null, the default, for never. Not less than <see cref="ElectionTimeoutMs"/>.
    /// </summary>
    public int? StallBoundMs { get; init; }

    /// <summary>Most bytes of entries in one append message (one entry is always allowed). Default 1 MiB.</summary>
    public int MaxBytesPerAppend { get; init; } = 1 << 20;

    /// <summary>Most entries in one append message. Default 4096.</summary>
    public int MaxEntriesPerAppend { get; init; } = 4096;

    /// <summary>
    /// While it is not known where a follower's log agrees with its own, a leader sends no entries with its appends (thesis, chapter 3): nothing is sent twice, for a
    /// round trip more after each change of leaders. Default false.
    /// </summary>
    public bool ProbeWithoutEntries { get; init; }

    /// <summary>Most unanswered append messages per follower. Default 256.</summary>
    public int MaxInflightAppends { get; init; } = 256;

    /// <summary>Most unanswered bytes of entries per follower. Default 8 MiB.</summary>
    public int MaxInflightBytes { get; init; } = 8 << 20;

    /// <summary>Most bytes of entries that a leader holds uncommitted before it refuses proposals. Default 64 MiB.</summary>
    public long MaxUncommittedBytes { get; init; } = 64 << 20;

    /// <summary>Checks every setting against its range.</summary>
    /// <exception cref="ArgumentException">Says which setting, and what it may be.</exception>
    public void Validate()
    {
        Check(!Id.IsNone, $"{nameof(Id)} names nobody.");
        Check(ElectionTimeoutMs is >= 10 and <= 600_000, $"{nameof(ElectionTimeoutMs)} is {ElectionTimeoutMs}; it goes from 10 to 600,000.");
        Check(HeartbeatIntervalMs is >= 1 and <= 60_000, $"{nameof(HeartbeatIntervalMs)} is {HeartbeatIntervalMs}; it goes from 1 to 60,000.");
        Check(ElectionTimeoutMs >= 5 * HeartbeatIntervalMs, $"{nameof(ElectionTimeoutMs)} ({ElectionTimeoutMs}) must be at least five times {nameof(HeartbeatIntervalMs)} ({HeartbeatIntervalMs}), or a lost heartbeat or two would depose a healthy leader.");
        Check(LeaseClockDriftBoundMs is null || (LeaseClockDriftBoundMs >= 0 && LeaseClockDriftBoundMs < ElectionTimeoutMs), $"{nameof(LeaseClockDriftBoundMs)} is {LeaseClockDriftBoundMs}; it must be less than the election timeout of {ElectionTimeoutMs}.");
        Check(LeaseClockDriftBoundMs is null || CheckQuorum, $"Leases need {nameof(CheckQuorum)}: without it followers do not hold back their votes.");
        Check(StallBoundMs is null || StallBoundMs >= ElectionTimeoutMs, $"{nameof(StallBoundMs)} is {StallBoundMs}; it must not be less than the election timeout of {ElectionTimeoutMs}: a hand-over would cost more than the stall.");
        Check(MaxBytesPerAppend >= 1 && MaxEntriesPerAppend >= 1 && MaxInflightAppends >= 1 && MaxInflightBytes >= 1 && MaxUncommittedBytes >= 1, "Limits are at least 1.");
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ArgumentException(otherwise);
        }
    }
}
