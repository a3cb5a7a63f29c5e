using Veche.Simulation.Disks;

namespace Veche.Simulation.Members;

/// <summary>How members are set up, and how fast their parts are. One plan for all members of a world.</summary>
public sealed record MemberPlan
{
    /// <summary>Election timeout, in milliseconds.</summary>
    public int ElectionTimeoutMs { get; init; } = 1000;

    /// <summary>Heartbeat interval, in milliseconds.</summary>
    public int HeartbeatIntervalMs { get; init; } = 100;

    /// <summary>Mean time of a log write with its sync, in microseconds.</summary>
    public long SyncUs { get; init; } = 500;

    /// <summary>Time to apply a batch, in microseconds.</summary>
    public long ApplyUs { get; init; } = 50;

    /// <summary>Time a member works on a request before it gives up, in milliseconds.</summary>
    public int RequestTimeoutMs { get; init; } = 3000;

    /// <summary>True when the state survives a process by itself, but for what its engine had not flushed, as on a server with a data directory; false when it lives in memory.</summary>
    public bool DurableState { get; init; }

    /// <summary>Entries after which a snapshot is taken.</summary>
    public long SnapshotEntries { get; init; } = 2000;

    /// <summary>Entries kept behind a snapshot.</summary>
    public long TrailingEntries { get; init; } = 500;

    /// <summary>Bytes of recent entries kept in memory.</summary>
    public long EntryCacheBytes { get; init; } = 1 << 20;

    /// <summary>Most entries in one append message.</summary>
    public int MaxEntriesPerAppend { get; init; } = 256;

    /// <summary>A leader asks where a follower's log agrees with its own before it sends entries.</summary>
    public bool ProbeWithoutEntries { get; init; }

    /// <summary>Most unanswered append messages to one follower.</summary>
    public int MaxInflightAppends { get; init; } = 64;

    /// <summary>Most commands in one write.</summary>
    public int MaxCommandsPerWrite { get; init; } = 256;

    /// <summary>Writes of proposals under way at once.</summary>
    public int MaxProposalWritesInFlight { get; init; } = 1;

    /// <summary>Most entries applied at once.</summary>
    public int MaxEntriesPerApply { get; init; } = 256;

    /// <summary>Size of a log segment, in bytes.</summary>
    public long SegmentBytes { get; init; } = 256 << 10;

    /// <summary>What a crash leaves of unsynced sectors.</summary>
    public CrashPlan Crash { get; init; } = new();

    /// <summary>Commands ask to be acknowledged by all kinds of rules, in turn.</summary>
    public bool AcknowledgementRules { get; init; }

    /// <summary>Bound on the drift of clocks that lease reads rely on, in milliseconds; null for none.</summary>
    public int? LeaseClockDriftBoundMs { get; init; }

    /// <summary>Largest difference of a clock's rate from the world's, in parts per million, either way.</summary>
    public int ClockDriftPpm { get; init; } = 50;

    /// <summary>A member that makes no progress for so long is ill, and gives leadership away; null for never.</summary>
    public int? StallBoundMs { get; init; }

    /// <summary>A member whose log is damaged takes it anew from the others, where there are at least three; otherwise it is lost.</summary>
    public bool RepairsLogs { get; init; }

    /// <summary>How often a leader has the members' states compared, in milliseconds; null for never.</summary>
    public int? StateCheckIntervalMs { get; init; }

    /// <summary>How much of the state each comparison looks at, in bytes.</summary>
    public long MaxStateCheckBytes { get; init; } = 4 << 20;

    /// <summary>Draws how states are compared, from luck of its own.</summary>
    /// <param name="random">That luck.</param>
    /// <param name="always">They are, whatever is drawn.</param>
    public MemberPlan WithStateChecks(SimulationRandom random, bool always)
    {
        bool isChecked = random.Chance(0.15) || always;
        return this with { StateCheckIntervalMs = isChecked ? random.Between(200, 2000) : null, MaxStateCheckBytes = random.Chance(0.5) ? random.Between(20_000L, 200_000) : 4 << 20, DurableState = DurableState || always };
    }

    /// <summary>Draws the settings that came later.</summary>
    /// <param name="random">Luck of their own.</param>
    /// <param name="buggified">Gets the names of those that are unusual.</param>
    public MemberPlan DrawMore(SimulationRandom random, ICollection<string> buggified)
    {
        bool probesWithoutEntries = random.Chance(0.25);
        if (probesWithoutEntries)
        {
            buggified.Add("probes without entries");
        }

        int stallBoundMs = ElectionTimeoutMs * random.Between(1, 4);
        return this with { ProbeWithoutEntries = probesWithoutEntries, StallBoundMs = random.Chance(0.4) ? stallBoundMs : null, RepairsLogs = random.Chance(0.7) };
    }
}
